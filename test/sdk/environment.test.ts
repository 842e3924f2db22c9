import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { readAgentEnvironment, readWalletKey } from '../../sdk/src/environment.ts'
import { createManualClock } from '../../sdk/src/protocol/clock.ts'
import { isEarnestError } from '../../sdk/src/protocol/error.ts'
import { createOracleClient } from '../../sdk/src/trust/oracle.ts'

const bytes = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + 11) % 256)
const key = Buffer.from(bytes).toString('hex')
const { did } = readAgentEnvironment({ AGENT_PRIVATE_KEY: key }).identity

/** Every spelling in which a log could give the key away. */
const spellings = [
  key,
  key.toUpperCase(),
  Buffer.from(bytes).toString('base64'),
  Buffer.from(bytes).toString('base64url'),
  [...bytes].join(', '),
  [...bytes].join(','),
  // A part of it is too much as well.
  key.slice(0, 16),
  key.slice(-16),
  [...bytes.slice(0, 6)].join(', '),
]

describe('readAgentEnvironment', () => {
  test('[SET-18] the source’s names make an agent, and what is wrong is one line that says how to mend it', () => {
    const agent = readAgentEnvironment({
      AGENT_PRIVATE_KEY: `0x${key}`,
      AGENT_DID: did,
      ARMALO_API_KEY: 'k-1',
    })
    assert.equal(agent.identity.did, did)
    assert.equal(agent.apiKey, 'k-1')
    assert.equal(readAgentEnvironment({ AGENT_PRIVATE_KEY: key }).apiKey, undefined)
    const cases: [Record<string, string>, string, RegExp][] = [
      [{}, 'missing_private_key', /export AGENT_PRIVATE_KEY=\$\(openssl rand -hex 32\)$/],
      [{ AGENT_PRIVATE_KEY: '  ' }, 'missing_private_key', /openssl/],
      [{ AGENT_PRIVATE_KEY: key.slice(2) }, 'invalid_private_key', /64 hex/],
      [{ AGENT_PRIVATE_KEY: `${key.slice(2)}zz` }, 'invalid_private_key', /64 hex/],
      [
        { AGENT_PRIVATE_KEY: key, AGENT_DID: 'did:key:z6MkOther' },
        'agent_did_mismatch',
        /set AGENT_DID=did:key:/,
      ],
      [{ AGENT_PRIVATE_KEY: key, ARMALO_API_KEY: 'a b' }, 'invalid_api_key', /copy it anew/],
    ]
    for (const [env, code, fix] of cases) {
      assert.throws(
        () => readAgentEnvironment(env),
        (error) => {
          assert.ok(isEarnestError(error, code), code)
          assert.match(error.message, fix)
          assert.doesNotMatch(error.message, /\n/)
          return true
        },
      )
    }
  })

  test('[SET-18] whatever an agent logs of what it holds, its key is not in it', () => {
    const environments = [
      { AGENT_PRIVATE_KEY: key, AGENT_DID: did, ARMALO_API_KEY: 'k-1' },
      { AGENT_PRIVATE_KEY: key, AGENT_DID: 'did:key:z6MkOther' },
      { AGENT_PRIVATE_KEY: `${key}00` },
    ]
    for (const env of environments) {
      const { stdout, stderr } = spawnSync(process.execPath, ['test/sdk/support/talkative.ts'], {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, ...env },
      })
      const log = stdout + stderr
      assert.ok(log.length > 100)
      for (const spelling of spellings) assert.ok(!log.includes(spelling), 'the key is in the log')
    }
  })

  test('a wallet key is read with and without 0x, and refused by a code that does not show it', () => {
    for (const text of [`0x${key}`, key, ` ${key} `]) {
      assert.equal(readWalletKey({ EARNEST_WALLET_KEY: text }), `0x${key}`)
    }
    for (const [text, code] of [
      ['', 'missing_wallet_key'],
      [undefined, 'missing_wallet_key'],
      [`0x${key.slice(2)}`, 'invalid_wallet_key'],
      [`${key}00`, 'invalid_wallet_key'],
    ]) {
      assert.throws(
        () => readWalletKey({ EARNEST_WALLET_KEY: text }),
        (error) => {
          assert.ok(isEarnestError(error, code), code)
          assert.ok(!error.message.includes(key.slice(2)))
          return true
        },
      )
    }
  })

  test('an address that no oracle can have is refused before anything is asked', () => {
    const clock = createManualClock(1_800_000_000)
    for (const url of ['', 'oracle.test', '//oracle.test']) {
      assert.throws(() => createOracleClient({ url, did, clock }), { code: 'invalid_oracle_url' })
    }
  })

  test('an API key goes to the oracle’s own address and nowhere else', async () => {
    const asked: [string, string | null][] = []
    const oracle = createOracleClient({
      url: 'http://oracle.test',
      did,
      clock: createManualClock(1_800_000_000),
      apiKey: 'k-1',
      attempts: 1,
      fetch: (async (input: string | URL | Request, init?: RequestInit) => {
        asked.push([String(input), new Headers(init?.headers).get('authorization')])
        assert.equal(init?.redirect, 'error')
        return Response.json({})
      }) as typeof globalThis.fetch,
    })
    await assert.rejects(oracle.call('getOracle', {}), { code: 'invalid_oracle_answer' })
    await assert.rejects(async () => oracle.open('http://thief.test/file'), { code: 'foreign_url' })
    assert.deepEqual(asked, [['http://oracle.test/api/v1/oracle', 'Bearer k-1']])
  })
})
