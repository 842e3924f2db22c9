import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { isEarnestError } from '@earnest/sdk/protocol'
import { getAddress, numberToHex, zeroAddress } from 'viem'
import { targetOf } from '../../scripts/deploy/network.ts'
import { namedRoles, rolesOf } from '../../scripts/deploy/roles.ts'

const key = (digit: string) => `0x${digit.repeat(40)}`
const roles = {
  attestors: [key('1'), key('2'), key('3')].join(','),
  threshold: '2',
  proposers: key('4'),
  guardian: key('5'),
  treasury: key('6'),
}

/** The compiler may have warned before, where nothing was built yet. */
const codeIn = (said: string) => /^([a-z]+(?:_[a-z]+)+): /m.exec(said)?.[1]

function deploy(options: Record<string, string | true>, env: Record<string, string> = {}) {
  const words = Object.entries(options).map(([name, value]) =>
    value === true ? `--${name}` : `--${name}=${value}`,
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/deploy.ts', ...words], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
  })
  return { status, stdout, code: codeIn(stderr) }
}

/** The error code, while a server of this process may answer. */
async function deployBeside(options: { network: string }, env: Record<string, string>) {
  const child = spawn(process.execPath, ['scripts/deploy.ts', `--network=${options.network}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
  })
  return codeIn(await text(child.stderr))
}

describe('deploy', () => {
  for (const [network, chainUsdc] of [
    ['base-sepolia', '0x036CbD53842c5426634e7929541eC2318f3dCF7e'],
    ['base', '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913'],
  ] as const) {
    test(`[ESC-16] a rehearsal on the chain id of ${network} stands as the sources say`, () => {
      const { status, stdout } = deploy({ ...roles, network, 'dry-run': true })
      assert.equal(status, 0, stdout)
      const report = JSON.parse(stdout)
      assert.equal(report.addresses.token, chainUsdc)
      assert.equal(report.failed, 0)
      assert.ok(report.checked >= 34)
    })
  }

  test('error: missing_key', () => {
    const { status, code } = deploy({ network: 'base-sepolia' })
    assert.deepEqual({ status, code }, { status: 1, code: 'missing_key' })
  })

  test('error: invalid_options, a word that no command has', () => {
    const { status, code } = deploy({ network: 'base-sepolia', attestor: key('1') })
    assert.deepEqual({ status, code }, { status: 1, code: 'invalid_options' })
  })

  test('error: invalid_key and wrong_chain, which are not the fault of an RPC that answers', async () => {
    let chainId = 84_532
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: numberToHex(chainId) }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `http://127.0.0.1:${port}`
    const codeOf = (DEPLOYER_KEY: string, BASE_SEPOLIA_RPC_URL: string) =>
      deployBeside({ network: 'base-sepolia' }, { DEPLOYER_KEY, BASE_SEPOLIA_RPC_URL })
    assert.equal(await codeOf('0xabc', url), 'invalid_key')
    assert.equal(await codeOf('no key', url), 'invalid_key')
    chainId = 8453
    assert.equal(await codeOf(`0x${'1'.repeat(64)}`, url), 'wrong_chain')
    server.close()
    await once(server, 'close')
    assert.equal(await codeOf(`0x${'1'.repeat(64)}`, url), 'chain_unreachable')
  })

  test('error: unknown_network', () => {
    assert.throws(() => targetOf('ethereum'), { code: 'unknown_network' })
  })

  describe('roles', () => {
    const deployer = getAddress(key('9'))
    const roleError = (given: Record<string, string>, network = 'base') => {
      try {
        rolesOf(namedRoles(given), { deployer, target: targetOf(network) })
        return 'accepted'
      } catch (error) {
        return isEarnestError(error) ? error.code : 'unknown'
      }
    }

    test('behavior: on a testnet the deployer stands in for every role', () => {
      const stand = rolesOf({}, { deployer, target: targetOf('base-sepolia') })
      assert.deepEqual(stand.attestors, [deployer])
      assert.equal(stand.guardian, deployer)
      assert.equal(stand.threshold, 1n)
    })

    test('error: roles_required, the mainnet has no stand-ins', () => {
      assert.equal(roleError(roles), 'accepted')
      for (const name of ['attestors', 'proposers', 'guardian', 'treasury'] as const) {
        const { [name]: _, ...rest } = roles
        assert.equal(roleError(rest), 'roles_required', name)
      }
    })

    test('error: roles_concentrated, no one key attests alone on the mainnet', () => {
      assert.equal(roleError({ ...roles, threshold: '1' }), 'roles_concentrated')
      assert.equal(
        roleError({ ...roles, attestors: `${key('1')},${key('1')}` }),
        'roles_concentrated',
      )
      assert.equal(
        roleError({ ...roles, attestors: `${key('1')},${deployer}` }),
        'roles_concentrated',
      )
    })

    test('error: threshold_out_of_range', () => {
      assert.equal(roleError({ ...roles, threshold: '4' }), 'threshold_out_of_range')
      assert.equal(roleError({ ...roles, seats: '4' }), 'threshold_out_of_range')
    })

    test('error: invalid_options', () => {
      assert.equal(roleError({ ...roles, guardian: '0x1234' }), 'invalid_options')
      // What the constructors would refuse is refused before anything is sent.
      assert.equal(roleError({ ...roles, guardian: zeroAddress }), 'invalid_options')
      const many = Array.from({ length: 33 }, (_, n) => numberToHex(n + 1, { size: 20 }))
      assert.equal(roleError({ ...roles, attestors: many.join(',') }), 'invalid_options')
      assert.equal(roleError({ ...roles, roster: '0xab' }), 'invalid_options')
      assert.equal(roleError({ ...roles, seats: '0' }), 'invalid_options')
    })

    test('error: roles_repeated, on a testnet too', () => {
      const attestors = `${key('1')},${key('1')}`
      assert.equal(roleError({ attestors }, 'base-sepolia'), 'roles_repeated')
    })
  })
})
