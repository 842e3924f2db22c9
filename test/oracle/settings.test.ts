import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isEarnestError } from '@earnest/sdk/protocol'
import { readSettings, unknownSettings } from '../../oracle/src/settings.ts'
import { neededSettings } from './support/neededSettings.ts'

/** What an operator is told, one fault each. */
function faultsOf(env: Record<string, string | undefined>): string[] {
  try {
    readSettings(env)
  } catch (error) {
    assert.ok(isEarnestError(error), String(error))
    assert.equal(error.code, 'invalid_settings')
    return error.details.faults as string[]
  }
  return []
}

describe('settings', () => {
  test('what is missing is named, each of them, absent or empty', () => {
    assert.deepEqual(faultsOf(neededSettings), [])
    const names = Object.keys(neededSettings)
    assert.deepEqual(
      faultsOf({})
        .map((fault) => fault.split(' ')[0])
        .sort(),
      names.toSorted(),
    )
    for (const name of names) {
      assert.deepEqual(faultsOf({ ...neededSettings, [name]: '' }), [`${name} is missing`])
    }
  })

  test('what is malformed is refused under its name and never with its value', () => {
    const wrong = 'mallory'
    const names = [
      ...Object.keys(neededSettings),
      ...['EARNEST_VAULT', 'EARNEST_START_BLOCK', 'EARNEST_FUNDERS_FROM', 'EARNEST_PUBLIC_FUNDERS'],
      ...['EARNEST_SENDER_KEYS', 'DATABASE_URL', 'EARNEST_PORT', 'EARNEST_PUBLIC_URL'],
      ...['EARNEST_PROTOCOL_FEE_BPS', 'EARNEST_ARBITRATION_FEE_BPS', 'EARNEST_LADDER'],
      ...['EARNEST_SEEDS', 'EARNEST_ISSUERS', 'EARNEST_ANCHOR_HOURS', 'EARNEST_NEWCOMER_CAP'],
      ...['EARNEST_OFFER_DAYS', 'EARNEST_PROBES_PER_HOUR', 'EARNEST_ETHER_USDC', 'EARNEST_POLL_MS'],
      ...['EARNEST_RELAY_GAS_PER_DAY', 'EARNEST_RATE', 'EARNEST_STREAMS', 'EARNEST_JURY'],
      ...['EARNEST_EXAMINER_SECONDS', 'EARNEST_SPOT_BPS', 'EARNEST_SPOT_COST', 'EARNEST_LOG'],
      ...['EARNEST_MODERATORS', 'EARNEST_SMTP_URL'],
    ]
    for (const name of names) {
      const faults = faultsOf({ ...neededSettings, [name]: wrong })
      assert.equal(faults.length, 1, name)
      assert.ok(faults[0]?.startsWith(name), faults[0])
      assert.ok(!faults[0]?.includes(wrong), faults[0])
    }
    assert.equal(faultsOf({ ...neededSettings, EARNEST_RPC_URL: 'file:///etc/passwd' }).length, 1)
    assert.equal(faultsOf({ ...neededSettings, DATABASE_URL: 'mysql://db' }).length, 1)
    const checksum = '0x036CbD53842c5426634e7929541eC2318f3dCF7E'
    assert.equal(
      faultsOf({ ...neededSettings, EARNEST_TOKEN: checksum }).length,
      1,
      'one letter off',
    )
  })

  test('an empty variable is the default and not zero', () => {
    const names = ['EARNEST_PROTOCOL_FEE_BPS', 'EARNEST_PORT', 'EARNEST_RELAY_GAS_PER_DAY'] as const
    const empty = readSettings({
      ...neededSettings,
      ...Object.fromEntries(names.map((name) => [name, ''])),
    })
    const defaults = readSettings(neededSettings)
    for (const name of names) assert.equal(empty[name], defaults[name])
    assert.equal(empty.EARNEST_PROTOCOL_FEE_BPS, 50)
  })

  test('a mistyped variable does not pass unseen', () => {
    const env = { ...neededSettings, EARNEST_SEED: '', HOME: '/', DATABASE_URL: '' }
    assert.deepEqual(unknownSettings(env), ['EARNEST_SEED'])
  })
})
