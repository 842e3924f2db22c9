import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { concat, createWalletClient, custom, type Hex, http, keccak256, zeroAddress } from 'viem'
import { fundGas, localAccount, localChain } from '../../../scripts/local/chain.ts'
import { openFreshStore } from '../../../scripts/local/store.ts'
import { mintUsdc } from '../../../scripts/local/usdc.ts'
import { amend, authorizeAmend } from '../../../sdk/src/escrow/amend.ts'
import { type EscrowClient, type EscrowRef, escrowOfPact } from '../../../sdk/src/escrow/client.ts'
import { conclude } from '../../../sdk/src/escrow/conclude.ts'
import { defend } from '../../../sdk/src/escrow/defend.ts'
import { deliver } from '../../../sdk/src/escrow/deliver.ts'
import { deliverInline } from '../../../sdk/src/escrow/deliverInline.ts'
import { dispute } from '../../../sdk/src/escrow/dispute.ts'
import { escalate } from '../../../sdk/src/escrow/escalate.ts'
import { readBlockTime, readHistory } from '../../../sdk/src/escrow/events.ts'
import { expire } from '../../../sdk/src/escrow/expire.ts'
import { fireTimer } from '../../../sdk/src/escrow/fireTimer.ts'
import { fund } from '../../../sdk/src/escrow/fund.ts'
import { fundBatch } from '../../../sdk/src/escrow/fundBatch.ts'
import { pollSettlement } from '../../../sdk/src/escrow/pollSettlement.ts'
import { readEscrow } from '../../../sdk/src/escrow/readEscrow.ts'
import { readSettlement } from '../../../sdk/src/escrow/readSettlement.ts'
import { redeliver } from '../../../sdk/src/escrow/redeliver.ts'
import { refund } from '../../../sdk/src/escrow/refund.ts'
import { release } from '../../../sdk/src/escrow/release.ts'
import { authorizeSettle, settle } from '../../../sdk/src/escrow/settle.ts'
import { signReceipt } from '../../../sdk/src/escrow/signReceipt.ts'
import { readBalance, readToken } from '../../../sdk/src/escrow/token.ts'
import { verifyLock, verifyLockOnAll } from '../../../sdk/src/escrow/verifyLock.ts'
import { readCredit, withdraw } from '../../../sdk/src/escrow/withdraw.ts'
import { formatUsdc } from '../../../sdk/src/protocol/money.ts'
import {
  hashPact,
  type Pact,
  type PactWire,
  type SignedPact,
  signPact,
} from '../../../sdk/src/protocol/pact.ts'
import {
  createWorld,
  type Ground,
  pactOf,
  party,
  startGround,
  type World,
} from '../../oracle/support/world.ts'
import { walletOf } from '../support/market.ts'

const claimHash = 'cc'.repeat(32)
const responseHash = 'dd'.repeat(32)

describe('escrow verbs', () => {
  let ground: Ground
  let world: World
  let buyer: ReturnType<typeof walletOf>
  let seller: ReturnType<typeof walletOf>
  let anybody: ReturnType<typeof walletOf>
  before(async () => {
    const store = await openFreshStore()
    ground = await startGround()
    world = await createWorld(ground, { store })
    buyer = walletOf(ground.url, world.buyer.wallet)
    seller = walletOf(ground.url, world.seller.wallet)
    anybody = walletOf(ground.url, party(99).wallet)
    for (const { account } of [buyer, seller, anybody]) {
      await fundGas(ground.client, account.address)
      await mintUsdc(ground.client, {
        token: ground.deployment.token,
        to: account.address,
        amount: 5_000_000_000n,
      })
    }
  })
  after(async () => {
    await world.close()
    await ground.close()
  })

  const sign = (pact: Pact): SignedPact => ({
    pact,
    pactHash: hashPact(pact),
    buyerSignature: signPact({ pact, identity: world.buyer.identity }),
    sellerSignature: signPact({ pact, identity: world.seller.identity }),
  })

  async function open(changes: Partial<PactWire> = {}): Promise<{ pact: Pact; escrow: EscrowRef }> {
    await world.settle()
    const pact = pactOf(world, changes)
    await fund(buyer, { signed: sign(pact) })
    return { pact, escrow: escrowOfPact({ pact }) }
  }
  const artifact = new TextEncoder().encode('{"greeting":"hello"}')
  async function openDelivered() {
    const opened = await open()
    await deliverInline(seller, { escrow: opened.escrow, artifact })
    return opened
  }
  async function openDisputed() {
    const opened = await openDelivered()
    const { token } = ground.deployment
    await dispute(buyer, { escrow: opened.escrow, token, claimHash })
    return opened
  }
  const stateOf = async (escrow: EscrowRef) => (await readEscrow(ground.client, escrow)).state
  const pass = async (escrow: EscrowRef) => {
    const { timerEnd } = await readEscrow(ground.client, escrow)
    await ground.client.setNextBlockTimestamp({ timestamp: BigInt(timerEnd) })
    await ground.client.mine({ blocks: 1 })
  }
  /** A relay of somebody else: it has nothing but the calldata. */
  const relay = async (data: Hex) =>
    await anybody.sendTransaction({ to: ground.deployment.escrow, data, chain: anybody.chain })

  test('[ESC-04] [ESC-05] [API-11] fund locks exactly what was signed and returns the chain’s own facts', async () => {
    await world.settle()
    const pact = pactOf(world)
    const signed = sign(pact)
    const expected = {
      buyerAgentId: pact.buyer.did,
      sellerAgentId: pact.seller.did,
      pactId: signed.pactHash,
      conditionHash: `0x${signed.pactHash}`,
      amountUsdc: 50_000_000n,
      arbiter: pact.escrow.arbiter,
      deadlineUtc: pact.deadlineUtc,
    }
    for (const [field, wrong] of Object.entries({
      buyerAgentId: pact.seller.did,
      sellerAgentId: pact.buyer.did,
      pactId: 'ab'.repeat(32),
      conditionHash: 'ab'.repeat(32),
      amountUsdc: 50_000_001n,
      arbiter: zeroAddress,
      deadlineUtc: pact.deadlineUtc + 1,
    })) {
      await assert.rejects(fund(buyer, { signed, expect: { ...expected, [field]: wrong } }), {
        code: 'pact_mismatch',
      })
    }
    const owner = buyer.account.address
    const { token } = ground.deployment
    const before = await readBalance(buyer, { token, owner })
    const funded = await fund(buyer, { signed, expect: expected })
    const receipt = await ground.client.getTransactionReceipt({ hash: funded.txHash })
    assert.equal(funded.blockNumber, receipt.blockNumber)
    assert.equal(funded.status, 'locked')
    assert.equal(funded.network, 'eip155:31337')
    assert.equal(before - (await readBalance(buyer, { token, owner })), 50_000_000n)
    // Paid once however often it is asked for.
    assert.deepEqual(await fund(buyer, { signed }), funded)
    assert.equal(before - (await readBalance(buyer, { token, owner })), 50_000_000n)
  })

  test('error: fund refuses a substituted pact, a foreign wallet, an empty one, a late one and another chain', async () => {
    await world.settle()
    const pact = pactOf(world)
    const signed = sign(pact)
    const dearer = { ...pact, paymentUsdc: 60_000_000n }
    const cases: [Promise<unknown>, string][] = [
      [fund(buyer, { signed: { ...signed, pact: dearer } }), 'pact_hash_mismatch'],
      [
        fund(buyer, { signed: { ...signed, pact: dearer, pactHash: hashPact(dearer) } }),
        'invalid_buyer_signature',
      ],
      [
        fund(buyer, { signed: { ...signed, sellerSignature: signed.buyerSignature } }),
        'invalid_seller_signature',
      ],
      [fund(seller, { signed }), 'wrong_wallet'],
      [
        fund(buyer, { signed: sign(pactOf(world, { paymentUsdc: '999999' })) }),
        'insufficient_funds',
      ],
    ]
    for (const [attempt, code] of cases) await assert.rejects(attempt, { code })
    const elsewhere = pactOf(world, { escrow: { ...pactWire(world).escrow, chainId: 8453 } })
    await assert.rejects(fund(buyer, { signed: sign(elsewhere) }), { code: 'wrong_chain' })
    // An RPC of the right chain does not help a client that signs for another one.
    const chain = { ...localChain, id: 8453 }
    const { account } = buyer
    const astray = createWalletClient({ account, chain, transport: http(ground.url) })
    const own = sign(pactOf(world))
    await assert.rejects(fund(astray, { signed: own }), { code: 'wrong_chain' })
    const { address } = account
    const gas = await ground.client.getBalance({ address })
    await ground.client.setBalance({ address, value: 1n })
    await assert.rejects(fund(buyer, { signed: own }), { code: 'insufficient_gas' })
    await ground.client.setBalance({ address, value: gas })
    const late = pactOf(world)
    await ground.client.setNextBlockTimestamp({ timestamp: BigInt(late.timing.fundBy) })
    await ground.client.mine({ blocks: 1 })
    await assert.rejects(fund(buyer, { signed: sign(late) }), { code: 'fund_by_passed' })
  })

  const pactWire = (of: World): PactWire => {
    const { escrow } = pactOf(of)
    return {
      escrow: {
        ...escrow,
        contract: escrow.contract.toLowerCase(),
        token: escrow.token.toLowerCase(),
        arbiter: escrow.arbiter.toLowerCase(),
        vault: escrow.vault.toLowerCase(),
        fees: { ...escrow.fees, recipient: escrow.fees.recipient.toLowerCase() },
      },
    } as PactWire
  }

  test('[ESC-12] verifyLock says what the chain says, pending until a reorganisation cannot undo it', async () => {
    await world.settle()
    const pact = pactOf(world)
    assert.equal((await verifyLock(seller, { pact })).status, 'none')
    await fund(buyer, { signed: sign(pact) })
    assert.equal((await verifyLock(seller, { pact })).status, 'pending')
    await ground.client.mine({ blocks: 2 })
    const lock = await verifyLock(seller, { pact })
    assert.equal(lock.status, 'locked')
    assert.equal(lock.conditionHash, hashPact(pact))
    assert.equal(lock.amount, 50_000_000n)
    const other = { ...pact, paymentUsdc: 49_999_999n }
    assert.equal((await verifyLock(seller, { pact: other })).status, 'none')
    assert.equal((await verifyLockOnAll([seller, buyer], { pact })).status, 'locked')
    await assert.rejects(verifyLockOnAll([], { pact }), { code: 'no_rpc' })
    const liar = createWalletClient({
      account: seller.account,
      chain: seller.chain,
      transport: custom({
        // Whatever it is asked about the contract, it answers with an empty escrow.
        request: async (question: { method: string; params?: unknown }) =>
          question.method === 'eth_call'
            ? `0x${'00'.repeat(32 * 13)}`
            : ground.client.request(question as never),
      }),
    })
    await assert.rejects(verifyLockOnAll([seller, liar], { pact }), {
      code: 'rpc_disagreement',
    })
  })

  test('a wrong block of funding, or a node that answers no long span, hides no event', async () => {
    const { pact, escrow } = await openDelivered()
    await release(buyer, { escrow })
    const known = await readEscrow(ground.client, escrow)
    const whole = await readHistory(ground.client, escrow)
    assert.deepEqual(
      whole.map(({ eventName }) => eventName).filter((name) => name !== 'Attested'),
      ['Funded', 'Delivered', 'Released'],
    )
    const [fundedIn = 0n, endedIn = 0n] = [whole[0], whole.at(-1)].map((event) =>
      BigInt(event?.blockNumber ?? 0),
    )
    for (const guess of [undefined, 0n, fundedIn, fundedIn + 1n, endedIn, endedIn + 1_000_000n]) {
      const history = await readHistory(ground.client, escrow, { ...known, fundedIn: guess })
      assert.deepEqual(history, whole)
    }
    const picky = createWalletClient({
      account: buyer.account,
      chain,
      transport: custom({
        request: async (question: { method: string; params: [{ toBlock?: string }] }) => {
          if (question.params?.[0]?.toBlock === 'latest') throw new Error('too long a span')
          return await ground.client.request(question as never)
        },
      }),
    })
    assert.deepEqual(await readHistory(picky, escrow, { ...known, fundedIn }), whole)
    const settlement = await readSettlement(picky, { pact, status: { ...known, fundedIn } })
    assert.equal(settlement?.outcome, 'released')
  })

  test('an ending has the time of its block, whether the node says it beside the event or is asked', async () => {
    const { pact, escrow } = await openDelivered()
    const { blockNumber } = await release(buyer, { escrow })
    const settledAt = await readBlockTime(ground.client, blockNumber)
    const status = { ...(await readEscrow(ground.client, escrow)), fundedIn: 0n }
    for (const [said, questions] of [
      [{}, 0],
      [{ blockTimestamp: undefined }, 1],
      [{ blockTimestamp: null }, 1],
      [{ blockTimestamp: '0x0' }, 1],
    ] as const) {
      let asked = 0
      const node = createWalletClient({
        account: buyer.account,
        chain,
        transport: custom({
          request: async (question: { method: string }) => {
            if (question.method === 'eth_getBlockByNumber') asked++
            const answer = await ground.client.request(question as never)
            if (question.method !== 'eth_getLogs') return answer
            return (answer as object[]).map((log) => ({ ...log, ...said }))
          },
        }),
      })
      const settlement = await readSettlement(node, { pact, status })
      assert.equal(settlement?.settledAt, settledAt)
      assert.equal(asked, questions)
    }
  })

  for (const [path, by] of [
    ['sent by the party', undefined],
    ['signed for a relay', relay],
  ] as const) {
    describe(path, () => {
      const way = by === undefined ? {} : { relay: by }

      test('release pays the seller', async () => {
        const { pact, escrow } = await openDelivered()
        await release(buyer, { escrow, ...way })
        assert.equal(await stateOf(escrow), 'Completed')
        const settlement = await readSettlement(ground.client, { pact })
        assert.equal(settlement?.outcome, 'released')
        assert.equal(settlement?.sellerUsdc, 49_750_000n)
      })

      test('[TOL-11] refund pays the buyer', async () => {
        const { pact, escrow } = await openDisputed()
        await refund(seller, { escrow, ...way })
        assert.equal(await stateOf(escrow), 'Refunded')
        assert.equal((await readSettlement(ground.client, { pact }))?.buyerUsdc, 50_000_000n)
      })

      test('deliver wants a receipt, which the buyer may sign', async () => {
        const { escrow } = await open()
        const artifactHash = 'aa'.repeat(32)
        const forged = { byBuyer: true, proof: `0x${'11'.repeat(65)}` } as const
        await assert.rejects(deliver(seller, { escrow, artifactHash, receipt: forged, ...way }), {
          code: 'invalid_signature',
        })
        const proof = await signReceipt(buyer, { escrow, artifactHash })
        await deliver(seller, { escrow, artifactHash, receipt: { byBuyer: true, proof }, ...way })
        const { state, noticed } = await readEscrow(ground.client, escrow)
        assert.deepEqual([state, noticed], ['Delivered', true])
      })

      test('[DRV-12] dispute, defend, redeliver and back to delivered', async () => {
        const { escrow } = await openDelivered()
        const { token } = ground.deployment
        await dispute(buyer, { escrow, token, claimHash, ...way })
        await defend(seller, { escrow, responseHash, ...way })
        assert.equal(await stateOf(escrow), 'Negotiating')
        const artifactHash = 'bb'.repeat(32)
        const receipt = await signReceipt(buyer, { escrow, artifactHash })
        await redeliver(seller, { escrow, artifactHash, receipt, ...way })
        const { state, round } = await readEscrow(ground.client, escrow)
        assert.deepEqual([state, round], ['Delivered', 2])
      })

      test('escalate by a party while negotiating', async () => {
        const { escrow } = await openDisputed()
        await defend(seller, { escrow, responseHash, ...way })
        await escalate(seller, { escrow, ...way })
        assert.equal(await stateOf(escrow), 'Arbitration')
      })

      test('settle splits by two signatures, to the base unit', async () => {
        const { pact, escrow } = await openDisputed()
        const counterAuthorization = await authorizeSettle(buyer, { escrow, sellerBps: 7000 })
        await assert.rejects(
          settle(seller, { escrow, sellerBps: 7001, counterAuthorization, ...way }),
          { code: 'invalid_signature' },
        )
        await settle(seller, { escrow, sellerBps: 7000, counterAuthorization, ...way })
        const settlement = await readSettlement(ground.client, { pact })
        assert.equal(settlement?.outcome, 'settled')
        assert.equal(settlement?.sellerUsdc, 34_825_000n)
        assert.equal(settlement?.buyerUsdc, 15_000_000n)
        assert.equal(settlement?.protocolFeeUsdc, 175_000n)
      })

      test('amend moves the lock to new terms that both signed', async () => {
        const { pact, escrow } = await open()
        const later = { ...pact, deadlineUtc: pact.deadlineUtc + 3600, nonce: crypto.randomUUID() }
        const amended = escrowOfPact({ pact: later })
        const counterAuthorization = await authorizeAmend(seller, { escrow, amended })
        await amend(buyer, { escrow, amended, counterAuthorization, ...way })
        assert.deepEqual([await stateOf(escrow), await stateOf(amended)], ['Amended', 'Funded'])
      })
    })
  }

  test('[DRV-02] without any oracle, anybody ends every trade with one call, and not before its time', async () => {
    const unfinished = await open()
    assert.equal(await fireTimer(anybody, unfinished), undefined)
    await assert.rejects(expire(anybody, unfinished), { code: 'before_deliver_by' })
    await pass(unfinished.escrow)
    assert.equal((await fireTimer(anybody, unfinished))?.verb, 'expire')
    assert.equal(await stateOf(unfinished.escrow), 'Refunded')
    assert.equal(await fireTimer(anybody, unfinished), undefined)

    const disputed = await openDelivered()
    await pass(disputed.escrow)
    assert.equal((await fireTimer(anybody, disputed))?.verb, 'escalate')
    await assert.rejects(conclude(anybody, disputed), { code: 'before_window_end' })
    await pass(disputed.escrow)
    assert.equal((await fireTimer(anybody, disputed))?.verb, 'conclude')
    assert.equal(await stateOf(disputed.escrow), 'Resolved')

    // A seller that answers no dispute, and parties that come to nothing, hold up nobody either.
    for (const isAnswered of [false, true]) {
      const stuck = await openDisputed()
      if (isAnswered) await defend(seller, { escrow: stuck.escrow, responseHash })
      assert.equal(await fireTimer(anybody, stuck), undefined)
      await pass(stuck.escrow)
      assert.equal((await fireTimer(anybody, stuck))?.verb, 'escalate')
      assert.equal(await stateOf(stuck.escrow), 'Arbitration')
    }
  })

  test('[SET-15] pollSettlement knows released, refunded, disputed and pending, and a wait that runs out throws nothing away', async () => {
    const quick = { timeoutMs: 0, pollIntervalMs: 1 }
    const pending = await open()
    assert.equal((await pollSettlement(buyer, { ...pending, ...quick })).status, 'pending')
    assert.equal(await stateOf(pending.escrow), 'Funded')
    await refund(seller, pending)
    const refunded = await pollSettlement(buyer, { ...pending, ...quick })
    assert.equal(refunded.status, 'refunded')
    assert.equal(refunded.txHash, refunded.settlement?.txHash)
    const disputed = await openDisputed()
    assert.equal((await pollSettlement(buyer, { ...disputed, ...quick })).status, 'disputed')
    await release(buyer, disputed)
    assert.equal((await pollSettlement(buyer, { ...disputed, ...quick })).status, 'released')
  })

  test('a relay that fails costs nothing: the party sends the same signed call itself', async () => {
    const { escrow } = await openDelivered()
    const broken = async () => {
      throw new Error('relay is down')
    }
    await release(buyer, { escrow, relay: broken })
    assert.equal(await stateOf(escrow), 'Completed')
  })

  /** Short, for a transaction that is never mined: the local chain mines at once. */
  const patience = 1
  const nowhere: Hex = `0x${'ab'.repeat(32)}`
  const { chain } = walletOf('http://127.0.0.1', party(99).wallet)
  const sent = (to: Hex, data: Hex) => anybody.sendTransaction({ to, data, chain })
  /** What a party has signed for a relay, and nobody sent. */
  async function signedBy(
    { account }: typeof buyer,
    act: (broke: EscrowClient, relay: (data: Hex) => Promise<Hex>) => Promise<unknown>,
  ): Promise<Hex> {
    let kept: Hex | undefined
    const note = async (data: Hex) => {
      kept = data
      throw new Error('only looks')
    }
    const broke = createWalletClient({
      account,
      chain,
      transport: custom({
        request: async (question: { method: string }) => {
          if (question.method === 'eth_sendRawTransaction') throw new Error('not this one')
          return await ground.client.request(question as never)
        },
      }),
    })
    await assert.rejects(act(broke, note))
    return kept ?? assert.fail('nothing was signed')
  }
  /** A relay that does something else to the same contract, with what it was handed as junk behind it. */
  const beside = (spare: Hex) =>
    Object.assign(
      async (data: Hex) => await sent(ground.deployment.escrow, concat([spare, data])),
      { patience },
    )
  async function another(bytes: Hex): Promise<Hex> {
    const { escrow } = await openDelivered()
    const spare = await signedBy(buyer, (broke, relay) => release(broke, { escrow, relay }))
    return await beside(spare)(bytes)
  }
  const lies: Record<string, (data: Hex, escrow: EscrowRef) => Promise<Hex>> = {
    'is of no transaction': async () => nowhere,
    'is of a transaction that succeeded and has nothing to do with it': async () =>
      await sent(anybody.account.address, '0x'),
    'is of an earlier call about the same escrow': async (_, escrow) =>
      (await readHistory(ground.client, escrow))[0]?.transactionHash as Hex,
    'is of a transaction that reverted': async (data) => {
      const to = ground.deployment.escrow
      const request = { to, data: concat(['0xdeadbeef', data]), chain, gas: 100_000n }
      const raw = await anybody.signTransaction(await anybody.prepareTransactionRequest(request))
      // The local chain mines it and answers with its failure.
      await anybody.sendRawTransaction({ serializedTransaction: raw }).catch(() => {})
      return keccak256(raw)
    },
    'is of a transaction that carries the call to nobody': async (data) =>
      await sent(anybody.account.address, data),
    'is of a call about another escrow that carries this one behind it': another,
  }
  for (const [name, lie] of Object.entries(lies)) {
    test(`a relay whose hash ${name} costs nothing: the party sends the same signed call itself`, async () => {
      const { pact, escrow } = await openDelivered()
      let lied: Hex | undefined
      const relay = Object.assign(
        async (data: Hex) => {
          lied = await lie(data, escrow)
          return lied
        },
        { patience },
      )
      const { txHash } = await release(buyer, { escrow, relay })
      assert.notEqual(lied, undefined)
      assert.notEqual(txHash, lied)
      assert.equal((await readSettlement(ground.client, { pact }))?.txHash, txHash)
    })
  }

  /** Each is signed, and so is what the relay does instead, for the same moment of the same escrow. */
  const instead: Record<string, () => Promise<[() => Promise<unknown>, EscrowRef, string]>> = {
    'an escalation beside a release': async () => {
      const { escrow } = await openDisputed()
      await defend(seller, { escrow, responseHash })
      const spare = await signedBy(seller, (by, relay) => escalate(by, { escrow, relay }))
      return [() => release(buyer, { escrow, relay: beside(spare) }), escrow, 'Arbitration']
    },
    'the seller’s dispute beside the buyer’s': async () => {
      const { escrow } = await openDelivered()
      const { token } = ground.deployment
      const claim = { escrow, token, claimHash }
      const spare = await signedBy(seller, (by, relay) => dispute(by, { ...claim, relay }))
      return [() => dispute(buyer, { ...claim, relay: beside(spare) }), escrow, 'Arbitration']
    },
    'a delivery of something else': async () => {
      const { escrow } = await open()
      const other = new TextEncoder().encode('{"greeting":"hullo"}')
      const spare = await signedBy(seller, (by, relay) =>
        deliverInline(by, { escrow, artifact: other, relay }),
      )
      const way = { escrow, artifact, relay: beside(spare) }
      return [() => deliverInline(seller, way), escrow, 'Delivered']
    },
    'another split': async () => {
      const { escrow } = await openDelivered()
      const split = async (sellerBps: number) => ({
        escrow,
        sellerBps,
        counterAuthorization: await authorizeSettle(buyer, { escrow, sellerBps }),
      })
      const [low, high] = [await split(1_000), await split(9_000)]
      const spare = await signedBy(seller, (by, relay) => settle(by, { ...low, relay }))
      return [() => settle(seller, { ...high, relay: beside(spare) }), escrow, 'Resolved']
    },
    'a part of a batch': async () => {
      await world.settle()
      const [one, two] = [sign(pactOf(world)), sign(pactOf(world))]
      const spare = await signedBy(buyer, (by, relay) => fund(by, { signed: one, relay }))
      const items = [{ signed: one }, { signed: two }]
      const way = { items, relay: beside(spare) }
      return [() => fundBatch(buyer, way), escrowOfPact({ pact: two.pact }), 'None']
    },
  }
  for (const [name, lie] of Object.entries(instead)) {
    test(`a relay that does ${name}, with the signed bytes as junk behind, is not believed`, async () => {
      const [act, escrow, then] = await lie()
      await assert.rejects(act())
      assert.equal(await stateOf(escrow), then)
    })
  }

  test('what a relay brings on chain late is done once: the party’s own call is refused and the relay’s stands', async () => {
    const { pact, escrow } = await openDelivered()
    let late: Hex | undefined
    const relay = Object.assign(
      async (data: Hex) => {
        const request = await anybody.prepareTransactionRequest({
          to: ground.deployment.escrow,
          data,
          chain,
        })
        late = await anybody.signTransaction(request)
        return keccak256(late)
      },
      { patience },
    )
    const slow = createWalletClient({
      account: buyer.account,
      chain,
      pollingInterval: 50,
      transport: custom({
        // It lands after the party has looked for it, and before the party's own call is tried.
        request: async (question: { method: string; params?: unknown }) => {
          if (question.method === 'eth_call' && late !== undefined) {
            const serializedTransaction = late
            late = undefined
            await ground.client.sendRawTransaction({ serializedTransaction })
          }
          return await ground.client.request(question as never)
        },
      }),
    })
    const { txHash } = await release(slow, { escrow, relay })
    assert.equal((await readSettlement(ground.client, { pact }))?.txHash, txHash)
    const { from } = await ground.client.getTransaction({ hash: txHash })
    assert.equal(from, anybody.account.address.toLowerCase())
  })

  test('a call that neither the relay nor the party brings on chain has the chain’s own refusal', async () => {
    const { escrow } = await openDelivered()
    const relay = Object.assign(async (): Promise<Hex> => nowhere, { patience })
    await assert.rejects(release(seller, { escrow, relay }), { code: 'invalid_signature' })
  })

  test('a credit is withdrawn through a relay, and by its owner where the relay lies', async () => {
    const { chainId, escrow: contract } = ground.deployment
    const owner = walletOf(ground.url, localAccount(4))
    const to = party(98).wallet.address
    for (const by of [relay, Object.assign(async (): Promise<Hex> => nowhere, { patience })]) {
      await release(buyer, { escrow: (await openDelivered()).escrow })
      assert.notEqual(await readCredit(owner, { contract, owner: owner.account.address }), 0n)
      const { txHash } = await withdraw(owner, { contract, chainId, to, relay: by })
      const { from } = await ground.client.getTransaction({ hash: txHash })
      assert.equal(from, (by === relay ? anybody : owner).account.address.toLowerCase())
      assert.equal(await readCredit(owner, { contract, owner: owner.account.address }), 0n)
    }
    await release(buyer, { escrow: (await openDelivered()).escrow })
    const elsewhere = { contract, chainId, to: party(97).wallet.address }
    const spare = await signedBy(owner, (by, relay) => withdraw(by, { ...elsewhere, relay }))
    const way = { contract, chainId, to, relay: beside(spare) }
    await assert.rejects(withdraw(owner, way), { code: 'nothing_to_withdraw' })
  })

  test('a batch of pacts is funded with one signature, all or none', async () => {
    await world.settle()
    const pacts = [pactOf(world), pactOf(world, { paymentUsdc: '7' }), pactOf(world)]
    const funded = await fundBatch(buyer, { items: pacts.map((pact) => ({ signed: sign(pact) })) })
    assert.equal(new Set(funded.map(({ txHash }) => txHash)).size, 1)
    for (const { escrow } of funded) assert.equal(await stateOf(escrow), 'Funded')
    await assert.rejects(fundBatch(buyer, { items: [] }), { code: 'empty_batch' })
  })

  test('a batch has the checks of a single lock: another wallet, a late pact, too small a purse and what stands already', async () => {
    await world.settle()
    const { token } = ground.deployment
    const purse = await readBalance(buyer, { token, owner: buyer.account.address })
    const balance = () => readBalance(buyer, { token, owner: buyer.account.address })
    const item = (changes: Parameters<typeof pactOf>[1] = {}) => ({
      signed: sign(pactOf(world, changes)),
    })
    const refused = (items: Parameters<typeof fundBatch>[1]['items'], code: string, by = buyer) =>
      assert.rejects(fundBatch(by, { items }), { code })
    await refused([item(), item()], 'wrong_wallet', anybody)
    const half = formatUsdc(purse / 2n + 1n)
    await refused([item({ paymentUsdc: half }), item({ paymentUsdc: half })], 'insufficient_funds')
    const same = item()
    await refused([same, same], 'mixed_batch')
    assert.equal(await balance(), purse)

    const [one, two] = [item(), item()]
    const first = await fundBatch(buyer, { items: [one, two] })
    const paid = await balance()
    const again = await fundBatch(buyer, { items: [one, two] })
    assert.deepEqual(
      again.map(({ txHash }) => txHash),
      first.map(({ txHash }) => txHash),
    )
    await refused([one, item()], 'escrow_not_open')
    assert.equal(await balance(), paid)

    const late = item()
    const timestamp = BigInt(late.signed.pact.timing.fundBy)
    await ground.client.setNextBlockTimestamp({ timestamp })
    await ground.client.mine({ blocks: 1 })
    await refused([late], 'fund_by_passed')
  })

  test('error: the contract’s errors arrive as stable codes', async () => {
    const { escrow } = await open()
    await assert.rejects(defend(seller, { escrow, responseHash }), { code: 'unexpected_state' })
    await assert.rejects(release(seller, { escrow }), { code: 'unexpected_sender' })
    const big = new Uint8Array(24_577)
    await assert.rejects(deliverInline(seller, { escrow, artifact: big }), {
      code: 'invalid_artifact_length',
    })
    const down = walletOf('http://127.0.0.1:1', world.seller.wallet)
    await assert.rejects(refund(down, { escrow }), { code: 'chain_unreachable', retryable: true })
    assert.equal((await readToken(buyer, ground.deployment.token)).version, '2')
  })
})
