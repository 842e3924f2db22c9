import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pactEscrowAbi } from '@earnest/contracts'
import {
  encodeAuthorization,
  type Pact,
  settleTypedData,
  termsFromPact,
} from '@earnest/sdk/protocol'
import { encodeFunctionData, type Hex } from 'viem'
import { funded } from '../support/trade.ts'
import {
  call,
  confirm,
  createWorld,
  type Ground,
  type Party,
  party,
  problemOf,
  register,
  send,
  startGround,
  type World,
} from '../support/world.ts'

let ground: Ground
let world: World
let pact: Pact
let escrowId: Hex

before(async () => {
  ground = await startGround()
  world = await createWorld(ground)
  await register(world, world.buyer)
  await register(world, world.seller)
  ;({ pact, id: escrowId } = await funded(world))
})
after(async () => {
  await world.close()
  await ground.close()
})

type Split = { sellerBps: number; seq: number; consent: Hex; by: string }

async function splitOf(
  by: Party,
  {
    sellerBps = 6000,
    seq = 1,
    lasts = 3600,
  }: { sellerBps?: number; seq?: number; lasts?: number } = {},
) {
  const { chainId, escrow: contract } = ground.deployment
  const validBefore = BigInt(world.oracle.clock.now() + lasts)
  const typedData = settleTypedData({
    chainId,
    contract,
    escrowId,
    actor: by.wallet.address,
    seq: BigInt(seq),
    validBefore,
    sellerBps: BigInt(sellerBps),
  })
  const signature = await by.wallet.signTypedData(typedData as never)
  return { sellerBps, seq, consent: encodeAuthorization({ validBefore, signature }) }
}

const offer = (by: Party, body: object) =>
  send(world, { by, method: 'POST', path: `/api/v1/escrows/${escrowId}/splits`, body })
const listed = (by: Party) =>
  call<{ splits: Split[] }>(world, {
    by,
    method: 'GET',
    body: new Uint8Array(0),
    path: `/api/v1/escrows/${escrowId}/splits`,
  })

describe('splits', () => {
  test('error: a stranger, a forged consent, another state and a consent that has run out are refused', async () => {
    const stranger = party(77)
    const good = await splitOf(world.seller)
    assert.deepEqual(await problemOf(await offer(stranger, good)), [403, 'signer_not_party'])
    const byBuyer = { ...(await splitOf(world.buyer)) }
    assert.deepEqual(await problemOf(await offer(world.seller, byBuyer)), [422, 'invalid_consent'])
    const otherShare = { ...good, sellerBps: 6001 }
    assert.deepEqual(await problemOf(await offer(world.seller, otherShare)), [
      422,
      'invalid_consent',
    ])
    const later = await splitOf(world.seller, { seq: 2 })
    assert.deepEqual(await problemOf(await offer(world.seller, later)), [409, 'wrong_state'])
    const old = await splitOf(world.seller, { lasts: 0 })
    assert.deepEqual(await problemOf(await offer(world.seller, old)), [
      422,
      'authorization_expired',
    ])
    const short = { ...good, consent: '0xabcd' }
    assert.deepEqual(await problemOf(await offer(world.seller, short)), [422, 'invalid_consent'])
    assert.deepEqual((await listed(world.buyer)).splits, [])
  })

  test('default: what the seller laid on the table, the buyer brings on chain with its own consent', async () => {
    assert.equal((await offer(world.seller, await splitOf(world.seller))).status, 201)
    const { splits } = await listed(world.buyer)
    const [theirs] = splits
    assert.ok(theirs)
    assert.equal(theirs.by, world.seller.identity.did)
    const own = await splitOf(world.buyer)
    const data = encodeFunctionData({
      abi: pactEscrowAbi,
      functionName: 'settle',
      args: [termsFromPact({ pact }), 6000n, own.consent, theirs.consent],
    })
    await call(world, { by: world.buyer, method: 'POST', path: '/api/v1/relay', body: { data } })
    await confirm(world)
    const answer = await world.app.request(`/api/v1/escrows/${escrowId}`)
    assert.equal(((await answer.json()) as { state: string }).state, 'Resolved')
    // The state has changed: nothing is on the table any more, and nothing can be laid there.
    assert.deepEqual((await listed(world.buyer)).splits, [])
    assert.deepEqual(await problemOf(await offer(world.seller, await splitOf(world.seller))), [
      409,
      'dispute_over',
    ])
  })
})
