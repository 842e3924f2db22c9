import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createMemoryStore } from '../../sdk/src/memoryStore.ts'
import type { SellerPolicy } from '../../sdk/src/negotiation/evaluate.ts'
import { createOffers } from '../../sdk/src/offers.ts'
import { createManualClock } from '../../sdk/src/protocol/clock.ts'
import { EarnestError } from '../../sdk/src/protocol/error.ts'
import { hashPact, signPact } from '../../sdk/src/protocol/pact.ts'
import { formatUtc } from '../../sdk/src/protocol/time.ts'
import type { OracleClient } from '../../sdk/src/trust/oracle.ts'
import { buyer, oracle as oracleIdentity, samplePact, seller } from '../support/pact.ts'

const { escrow: place, capability, taskDescription, input, acceptance } = samplePact()
const other = '0x0000000000000000000000000000000000000bad'

const policy: SellerPolicy = {
  capabilities: { [capability]: { minPaymentUsdc: 1n, minSeconds: 0 } },
  inputFormats: ['application/json'],
  outputFormats: ['application/json', 'application/pdf'],
  minDescriptionLength: 1,
  machineCheckedOnly: false,
  escrows: [{ chainId: place.chainId, contract: place.contract, token: place.token }],
  arbiters: [place.arbiter],
  maxProtocolFeeBps: 50,
  maxArbitrationFeeBps: 100,
  minFallbackSellerBps: 5_000,
  maxReviewWindow: 259_200,
}

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
  const offers = createOffers({ identity: seller, oracle, store, clock, policy, agent })
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

test('a seller signs an offer by its own policy, whatever the oracle says of place, judge and fees', async () => {
  const honest = {
    did: oracleIdentity.did,
    chainId: place.chainId,
    escrow: place.contract,
    token: place.token,
    vault: place.vault,
    arbiters: [place.arbiter],
    feeRecipients: [place.fees.recipient],
    fees: { protocolBps: 50, arbitrationBps: 100 },
    ladder: '00'.repeat(32),
  }
  const now = 1_776_850_000
  const make = async (lie: Partial<typeof honest>, own: Partial<SellerPolicy> = {}) => {
    const store = createMemoryStore()
    const laid: unknown[] = []
    const oracle = {
      did: oracleIdentity.did,
      async call(name: string, { body }: { body?: unknown }) {
        if (name === 'getOracle') return { ...honest, ...lie }
        laid.push(body)
        return body
      },
    } as unknown as OracleClient
    const { chainId: network, contract: escrow, token: asset } = place
    const { wallet: payTo } = samplePact().seller
    const offers = createOffers({
      identity: seller,
      oracle,
      store,
      clock: createManualClock(now),
      policy: { ...policy, ...own },
      agent: {
        did: seller.did,
        wallet: { address: payTo, chainId: network },
        trade: {
          pactVersions: ['1'],
          settlement: { network, asset, escrow, payTo, transferMethod: 'eip3009' },
          pricing: { currency: 'USDC', perTask: 1n, complex: 1n },
          sla: { maxResponseTimeMs: 300_000, uptime99Days: 30 },
          inputFormats: ['application/json'],
          outputFormats: ['application/json'],
          timing: { profiles: ['human'] },
          arbiters: [place.arbiter],
        },
      },
    })
    const outputFormats = ['application/json']
    const task = { capability, description: taskDescription, input, outputFormats, acceptance }
    const terms = { task: { ...task, deadline: now + 90_000 }, paymentUsdc: 10_000_000n }
    const made = offers.make({ ...terms, until: now + 3600 })
    return {
      made,
      nothing: async () => {
        assert.deepEqual(laid, [])
        assert.deepEqual(await store.keys('offer/'), [])
      },
    }
  }
  await (await make({})).made
  for (const [lie, own, code] of [
    [{ fees: { protocolBps: 51, arbitrationBps: 100 } }, {}, 'fee_too_high'],
    [{ fees: { protocolBps: 50, arbitrationBps: 101 } }, {}, 'fee_too_high'],
    [{}, { arbiters: [other] }, 'unsupported_arbiter'],
    [{}, { escrows: [{ ...policy.escrows[0], contract: other }] }, 'unsupported_escrow'],
    [{ escrow: other }, {}, 'no_common_escrow'],
    [{ arbiters: [other] }, {}, 'no_common_escrow'],
    [{ did: buyer.did }, {}, 'oracle_mismatch'],
  ] as [Partial<typeof honest>, Partial<SellerPolicy>, string][]) {
    const { made, nothing } = await make(lie, own)
    await assert.rejects(made, { code }, code)
    await nothing()
  }
})

test('what was taken is looked for on every page that has some, and an oracle without a last page is not followed for ever', async () => {
  const claim = { by: buyer.did, wallet: '0x', until: 0, pactHash: 'ab'.repeat(32) }
  const taken = { pactHash: '', terms: samplePact(), sellerSignature: '', claim }
  const open = { ...taken, claim: undefined }
  const pagesAsked = async (
    pages: (page: number) => { offers: object[]; cursor?: string | null },
  ) => {
    const cursors: (string | undefined)[] = []
    const oracle = {
      async call(name: string, { query }: { query: { cursor?: string } }) {
        if (name !== 'listOffers') throw new EarnestError('pact_unknown', 'Nobody accepted it')
        cursors.push(query.cursor)
        return pages(cursors.length)
      },
    } as unknown as OracleClient
    const store = createMemoryStore()
    await store.set('offer/known', { until: formatUtc(0) })
    const clock = createManualClock(0)
    const agent = { did: seller.did, trade: undefined, wallet: undefined }
    const offers = createOffers({ identity: seller, oracle, store, clock, policy, agent })
    await offers.look()
    return cursors
  }
  const ends = (page: number) => ({ offers: page < 3 ? [taken] : [taken, open], cursor: `${page}` })
  assert.deepEqual(await pagesAsked(ends), [undefined, '1', '2'])
  const last = () => ({ offers: [taken], cursor: null })
  assert.deepEqual((await pagesAsked(last)).length, 1)
  const before = () => ({ offers: [taken] })
  assert.equal((await pagesAsked(before)).length, 1)
  const endless = (page: number) => ({ offers: [taken], cursor: `${page}` })
  assert.equal((await pagesAsked(endless)).length, 10)
})
