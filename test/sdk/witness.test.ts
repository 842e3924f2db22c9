import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createManualClock } from '../../sdk/src/protocol/clock.ts'
import { EarnestError } from '../../sdk/src/protocol/error.ts'
import { decodePact, hashPact } from '../../sdk/src/protocol/pact.ts'
import type { OracleClient } from '../../sdk/src/trust/oracle.ts'
import { createWitness } from '../../sdk/src/witness.ts'
import { samplePactWire } from '../support/pact.ts'

const did = 'did:key:oracle'
const pact = decodePact(samplePactWire)
const signed = {
  pact,
  pactHash: hashPact(pact),
  buyerSignature: '11'.repeat(64),
  sellerSignature: '22'.repeat(64),
}

/** A witness, and an oracle that says how often it was asked for its introduction. */
function witnessOf() {
  const clock = createManualClock(1_800_000_000)
  const now = { did, refusal: undefined as string | undefined, asked: 0 }
  const oracle = {
    did,
    clock,
    async call(name: string) {
      if (name === 'getOracle') return { did: now.did, asked: ++now.asked }
      if (now.refusal !== undefined) throw new EarnestError(now.refusal, 'No')
      return { pactId: signed.pactHash }
    },
  } as unknown as OracleClient
  const none = { keyOf: undefined, verifyWallet: undefined, pollIntervalMs: 1 }
  return { clock, now, witness: createWitness({ oracle, ...none }) }
}

test('what an oracle says of itself is asked again after half a minute, and by a clock that was set back', async () => {
  const { clock, now, witness } = witnessOf()
  const first = await witness.info()
  clock.set(clock.now() + 29)
  assert.equal(await witness.info(), first)
  assert.equal(now.asked, 1)
  clock.set(clock.now() + 1)
  assert.notEqual(await witness.info(), first)
  clock.set(clock.now() - 10)
  await witness.info()
  assert.equal(now.asked, 3)
})

test('a refused registration has it asked at once: the oracle may want other terms by now', async () => {
  const { now, witness } = witnessOf()
  await witness.info()
  await witness.register(signed, [])
  await witness.info()
  assert.equal(now.asked, 1)
  now.refusal = 'wrong_fees'
  await assert.rejects(witness.register(signed, []), { code: 'wrong_fees' })
  await witness.info()
  assert.equal(now.asked, 2)
})

test('another oracle under its address is not remembered, and does not outlive what is', async () => {
  const { clock, now, witness } = witnessOf()
  now.did = 'did:key:another'
  await assert.rejects(witness.info(), { code: 'oracle_mismatch' })
  now.did = did
  assert.equal((await witness.info()).did, did)
  clock.set(clock.now() + 30)
  now.did = 'did:key:another'
  await assert.rejects(witness.info(), { code: 'oracle_mismatch' })
})
