import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import { createOffers } from '../../sdk/src/offers.ts'
import { createManualClock } from '../../sdk/src/protocol/clock.ts'
import { hashPact, signPact } from '../../sdk/src/protocol/pact.ts'
import { formatUtc } from '../../sdk/src/protocol/time.ts'
import type { OracleClient } from '../../sdk/src/trust/oracle.ts'
import { buyer, samplePact, seller } from '../support/pact.ts'

test('an accepted offer whose customer signs by a key that is not known here holds up no other, and is forgotten in the end', async () => {
  const store = createMemoryStore()
  const pacts = [1, 2, 3, 4].map(() => samplePact({ nonce: crypto.randomUUID() }))
  const ids = pacts.map(hashPact).sort()
  const { fundBy } = pacts[0]?.timing ?? assert.fail()
  const clock = createManualClock(fundBy - 10)
  const made = { until: formatUtc(fundBy) }
  for (const id of ids) await store.set(`offer/${id}`, made)
  const oracle = {
    async call(name: string, { params }: { params: { pactId: string } }) {
      if (name === 'listOffers') return { offers: [] }
      const terms = pacts.find((pact) => hashPact(pact) === params.pactId) ?? assert.fail()
      // The first of them all is signed by a key of which only the oracle knows.
      const signer = params.pactId === ids[0] ? seller : buyer
      const buyerSignature = signPact({ pact: terms, identity: signer })
      const sellerSignature = signPact({ pact: terms, identity: seller })
      return { terms, buyerSignature, sellerSignature }
    },
  } as unknown as OracleClient
  const agent = { did: seller.did, trade: undefined, wallet: undefined }
  const offers = createOffers({ identity: seller, oracle, store, clock, agent })
  await offers.look()
  assert.deepEqual(
    await store.keys('pact/'),
    ids.slice(1).map((id) => `pact/${id}`),
  )
  assert.deepEqual(await store.keys('offer/'), [`offer/${ids[0]}`])
  clock.set(fundBy + 30 * 86_400)
  await offers.look()
  assert.deepEqual(await store.keys('offer/'), [])
})
