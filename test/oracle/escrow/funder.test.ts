import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type AttestedTrade,
  readInclusion,
  verifyAttestation,
  verifyInclusion,
} from '@earnest/sdk/escrow'
import {
  attestationSchema,
  decode,
  decodePact,
  isEarnestError,
  type PactWire,
} from '@earnest/sdk/protocol'
import {
  createSteps,
  funderOf,
  keepIncoming,
  watchFunders,
} from '../../../oracle/src/escrow/funder.ts'
import { unpack } from '../../../oracle/src/store/json.ts'
import { takeLease } from '../../../oracle/src/store/lease.ts'
import type { AgentStatement, SettledEscrow, TrustEvent } from '../../../oracle/src/trust/event.ts'
import { replay } from '../../../oracle/src/trust/model.ts'
import { fundGas, localAccount } from '../../../scripts/local/chain.ts'
import { mintUsdc, usdcAbi } from '../../../scripts/local/usdc.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  type Party,
  pactOf,
  party,
  register,
  startGround,
  type World,
} from '../support/world.ts'

const usdc = 1_000_000n
const purse = localAccount(12)

let ground: Ground
let world: World

before(async () => {
  ground = await startGround()
  world = await createWorld(ground, { seeds: [party(51).identity.did] })
  await fundGas(ground.client, purse.address)
  const { token } = ground.deployment
  await mintUsdc(ground.client, { token, to: purse.address, amount: 1_000n * usdc })
})
after(async () => {
  await world?.close()
  await ground?.close()
})

async function transfer(from: typeof purse | Party['wallet'], to: string, amount: bigint) {
  const hash = await ground.client.writeContract({
    abi: usdcAbi,
    address: ground.deployment.token,
    functionName: 'transfer',
    args: [to as `0x${string}`, amount],
    account: from,
    chain: ground.client.chain,
  })
  const { status } = await ground.client.waitForTransactionReceipt({ hash })
  assert.equal(status, 'success')
}

/** What runs every ten seconds. */
async function sweep() {
  await ground.client.increaseTime({ seconds: 11 })
  await ground.client.mine({ blocks: 64 })
  await world.settle()
  await world.oracle.seekFunders()
}

async function facts(): Promise<TrustEvent[]> {
  const rows = await world.oracle.db.selectFrom('fact').selectAll().orderBy('seq').execute()
  return rows.map(({ fact }) => unpack<TrustEvent>(fact))
}

async function statedFunder(who: Party): Promise<string | null | undefined> {
  const stated = (await facts()).filter(
    (fact): fact is AgentStatement => fact.kind === 'agent' && fact.agent === who.identity.did,
  )
  return stated.findLast(({ funder }) => funder !== undefined)?.funder
}

test('[REP-19] who funded an agent is read from the chain, whether before or after it registers', async () => {
  await transfer(purse, world.buyer.wallet.address, 40n * usdc)
  await register(world, world.buyer)
  await register(world, world.seller)
  await sweep()
  assert.equal(await statedFunder(world.buyer), purse.address.toLowerCase())
  assert.equal(await statedFunder(world.seller), undefined)
  await transfer(purse, world.seller.wallet.address, 25n * usdc)
  await sweep()
  assert.equal(await statedFunder(world.seller), purse.address.toLowerCase())
})

test('dust funds nobody, new money and payouts of the house neither', async () => {
  const other = party(61)
  await transfer(purse, other.wallet.address, usdc - 1n)
  const { token } = ground.deployment
  await mintUsdc(ground.client, { token, to: other.wallet.address, amount: 100n * usdc })
  await register(world, other)
  await sweep()
  assert.equal(await statedFunder(other), undefined)
})

test('a stranger who sends first does not own whom others fund', () => {
  const none = () => false
  const from = (sender: string, amount: bigint) => ({ from: sender, value: amount * usdc })
  assert.equal(funderOf([from('0xa', 10n)], none), '0xa')
  assert.equal(funderOf([from('0xa', 1n), from('0xb', 50n)], none), '0xb')
  assert.equal(funderOf([from('0xa', 40n), from('0xb', 20n), from('0xc', 20n)], none), null)
  assert.equal(funderOf([from('0xa', 9n), from('0xb', 1n)], none), null)
  assert.equal(
    funderOf([from('0xa', 1n), from('0xb', 50n)], (address) => address === '0xb'),
    null,
  )
  assert.equal(funderOf([], none), null)
})

test('a gift to a wallet that nobody funded makes nobody its funder, before it earns anything or after', () => {
  const none = () => false
  const sent = (from: string, amount: bigint, block: number) => {
    return { from, value: amount * usdc, block, logIndex: 0 }
  }
  assert.equal(funderOf(keepIncoming([], [sent('0xa', 1n, 1)]), none), null)
  const earned = keepIncoming([], [sent('house', 30n, 1), sent('house', 30n, 2)])
  assert.equal(funderOf(keepIncoming(earned, [sent('0xa', 20n, 3)]), none), null)
  // Whoever sends more than it ever earned has funded it, and what it earns later changes nothing.
  const funded = keepIncoming(earned, [sent('0xa', 70n, 3)])
  assert.equal(funderOf(keepIncoming(funded, [sent('house', 900n, 4)]), none), '0xa')
  // Gifts that do not count take no place of those that do.
  const gifts = Array.from({ length: 9 }, (_, i) => sent('0xb', 2n, 3 + i))
  const after = keepIncoming(keepIncoming(earned, gifts), [sent('0xa', 70n, 20)])
  assert.equal(funderOf(after, none), '0xa')
})

test('a node that refuses a wide question is asked narrower ones until all is read', async () => {
  const other = party(62)
  await transfer(purse, other.wallet.address, 15n * usdc)
  await ground.client.mine({ blocks: 200 })
  const { oracle } = world
  await register(world, other)
  await oracle.follow()
  const asked: number[] = []
  const getLogs = async (query: { fromBlock: bigint; toBlock: bigint }) => {
    const blocks = Number(query.toBlock - query.fromBlock) + 1
    asked.push(blocks)
    if (blocks > 50) throw new Error('query returned more than 10000 results')
    return ground.client.getLogs(query as never)
  }
  const lease = await takeLease(oracle.db, { name: 'funders-test', holder: 'test', seconds: 600 })
  assert.ok(lease)
  const chain = { ...oracle.chain, client: { ...ground.client, getLogs } as never }
  const steps = createSteps()
  const look = () => watchFunders({ db: oracle.db, signer: oracle.signer, chain, lease, steps })
  while (await look());
  assert.equal(await statedFunder(other), purse.address.toLowerCase())
  assert.ok(asked.some((blocks) => blocks > 50) && asked.some((blocks) => blocks <= 50))
})

test('[REP-20] a settled trade carries what the seller asks by its own list, and the model it was to use', async () => {
  const seller = world.seller
  await register(world, seller, 'financial_analysis', { pricing: { perTask: 40n * usdc } })
  const pact = pactOf(world, { paymentUsdc: '50', input: { requiredModel: 'acme-1' } })
  const escrowId = await agree(world, pact)
  // What it asks after the pact says nothing about this trade.
  await register(world, seller, 'financial_analysis', { pricing: { perTask: 90n * usdc } })
  await fund(world, pact)
  await confirm(world)
  const proof = await completionOf(world, pact, {
    files: { 'result.json': '{"greeting":"hello","name":"world"}' },
  })
  await call(world, { by: seller, method: 'POST', path: '/api/v1/completions', body: proof })
  await world.settle()
  await ground.client.increaseTime({ seconds: 3601 })
  await ground.client.mine({ blocks: 1 })
  await world.settle()
  await confirm(world)
  const settled = (await facts()).find(
    (fact): fact is SettledEscrow => fact.kind === 'settled' && fact.escrowId === escrowId,
  )
  assert.equal(settled?.facts?.agreedPrice, 50n * usdc)
  assert.equal(settled?.facts?.listPrice, 40n * usdc)
  assert.equal(settled?.facts?.medianPrice, undefined)
  assert.equal(settled?.facts?.modelAsAgreed, false)
})

test('[REP-13] a record verifies offline: both signatures, and a transaction in a block of known hash', async () => {
  const did = encodeURIComponent(world.seller.identity.did)
  const page = (await (await world.app.request(`/api/v1/trust/${did}/attestations`)).json()) as {
    attestations: unknown[]
  }
  const attestation = decode(attestationSchema, page.attestations.at(-1), 'invalid_attestation')
  const { settlement } = attestation
  const record = (await (await world.app.request(`/api/v1/pacts/${settlement.pactId}`)).json()) as {
    terms: PactWire
    pactHash: string
    buyerSignature: string
    sellerSignature: string
  }
  const { pactHash, buyerSignature, sellerSignature } = record
  const signed = { pact: decodePact(record.terms), pactHash, buyerSignature, sellerSignature }
  const inclusion = await readInclusion(ground.client as never, { txHash: settlement.txHash })
  const { hash: blockHash } = await ground.client.getBlock({
    blockNumber: BigInt(settlement.blockNumber),
  })
  const oracle = world.oracle.signer.did
  const verify = (
    change: Partial<AttestedTrade> = {},
    options: { oracle: string; blockHash: `0x${string}` } = { oracle, blockHash },
  ) => verifyAttestation({ attestation, signed, inclusion, ...change }, options)
  verify()
  const other = 'ab'.repeat(64)
  const refused: [string, () => void][] = [
    ['invalid_buyer_signature', () => verify({ signed: { ...signed, buyerSignature: other } })],
    ['invalid_seller_signature', () => verify({ signed: { ...signed, sellerSignature: other } })],
    [
      'attestation_mismatch',
      () => verify({ attestation: { ...attestation, sellerSignature: other } }),
    ],
    ['attestation_unsigned', () => verify({ attestation: { ...attestation, signature: other } })],
    ['attestation_mismatch', () => verify({}, { oracle: world.seller.identity.did, blockHash })],
    ['not_included', () => verify({}, { oracle, blockHash: `0x${'1'.repeat(64)}` })],
    ['not_included', () => verify({ inclusion: { ...inclusion, receipts: [] } })],
    [
      'not_included',
      () => {
        // A receipt that pays more than the chain did.
        const forged = structuredClone(inclusion)
        const log = forged.receipts[0]?.logs.at(-1)
        assert.ok(log)
        log.data = `${log.data.slice(0, -1)}${log.data.endsWith('1') ? '2' : '1'}` as `0x${string}`
        verify({ inclusion: forged })
      },
    ],
  ]
  for (const [code, act] of refused) {
    assert.throws(act, (error) => isEarnestError(error, code), code)
  }
})

test('[REP-13] a transaction is found among many in its block, and no other is', async () => {
  const { client } = ground
  await client.setAutomine(false)
  const hashes: `0x${string}`[] = []
  try {
    for (let i = 0; i < 20; i++) {
      hashes.push(await client.sendTransaction({ to: purse.address, value: BigInt(i) }))
    }
  } finally {
    await client.mine({ blocks: 1 })
    await client.setAutomine(true)
  }
  const txHash = hashes[17] as `0x${string}`
  const inclusion = await readInclusion(client as never, { txHash })
  assert.equal(inclusion.receipts.length, 20)
  const { hash: blockHash } = await client.getBlock()
  assert.deepEqual(verifyInclusion(inclusion, { blockHash }), [])
  const fewer = { ...inclusion, receipts: inclusion.receipts.slice(1) }
  assert.throws(
    () => verifyInclusion(fewer, { blockHash }),
    (error) => isEarnestError(error, 'not_included'),
  )
})

test('[ORC-11] an answer counts the attestations that its route lists', async () => {
  for (const { identity } of [world.buyer, world.seller]) {
    const path = `/api/v1/trust/${encodeURIComponent(identity.did)}`
    const { attestations } = (await (
      await world.app.request(`${path}/attestations?limit=100`)
    ).json()) as { attestations: unknown[] }
    const answer = (await (
      await world.app.request(`${path}?nonce=${crypto.randomUUID()}`)
    ).json()) as { memoryAttestations: number }
    assert.equal(attestations.length, 1)
    assert.equal(answer.memoryAttestations, attestations.length)
  }
})

test('a replay of the kept facts joins the same agents and gives the same root', async () => {
  const { did } = world.seller.identity
  const path = `/api/v1/trust/${encodeURIComponent(did)}?nonce=${crypto.randomUUID()}`
  const answer = (await (await world.app.request(path)).json()) as {
    eventRoot: string
    failureProbability: number
    costToFake100: string | null
  }
  const model = replay(await facts(), { seeds: [party(51).identity.did] })
  assert.equal(model.eventRoot(), answer.eventRoot)
  const [a, b] = [did, world.buyer.identity.did].map((one) => model.state.indexOf.get(one))
  assert.equal(model.state.clusters.parent[a as number], model.state.clusters.parent[b as number])
  const again = model.assess({ agent: did, role: 'seller', now: world.oracle.clock.now() })
  assert.equal(again.failureProbability, answer.failureProbability)
})
