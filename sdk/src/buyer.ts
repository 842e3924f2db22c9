import { base64 } from '@scure/base'
import { discover, readCard } from './discovery/discover.ts'
import { type EscrowClient, escrowOfPact, type ReadClient } from './escrow/client.ts'
import { fund } from './escrow/fund.ts'
import { readChainTime, readEscrow } from './escrow/readEscrow.ts'
import { authorizeSettle, settle as sendSettle } from './escrow/settle.ts'
import { createHints } from './hints.ts'
import {
  findTrade,
  isStopped,
  keepObjection,
  type Objection,
  openTrades,
  readTrade,
  stopTrade,
  type Trade,
  writeTrade,
} from './journal.ts'
import { createMemoryStore } from './memoryStore.ts'
import { type Channel, createChannel } from './negotiation/channel.ts'
import { draftPact, type Task } from './negotiation/draft.ts'
import type { BuyerPolicy } from './negotiation/evaluateCounter.ts'
import { negotiate } from './negotiation/negotiate.ts'
import { type Complaint, object, objectionTo } from './objection.ts'
import type { OwnerDesk } from './owner/desk.ts'
import type { Progress } from './progress.ts'
import type { Clock } from './protocol/clock.ts'
import { depositsOf } from './protocol/criterion.ts'
import { encode } from './protocol/decode.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { hashBytes } from './protocol/hash.ts'
import type { Identity } from './protocol/identity.ts'
import type { KeyResolver } from './protocol/key.ts'
import { offerMessageSchema, type ResponseMessage, signOffer } from './protocol/message.ts'
import { parseUsdc } from './protocol/money.ts'
import { milestoneOf, type Pact } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'
import { trustResponseSchema } from './protocol/trust.ts'
import type { WalletVerifier } from './protocol/wallet.ts'
import type { HireResult, Stage } from './receipts.ts'
import { defaultSettlePolicy, type SettlePolicy } from './settlement/settle.ts'
import { type Fund, runStage } from './stage.ts'
import { type Assessment, assess } from './trust/assess.ts'
import type { OracleClient } from './trust/oracle.ts'
import {
  defaultTrustPolicy,
  meetsTransactionTrustPolicy,
  type TrustPolicy,
} from './trust/policy.ts'
import { type Candidate, type SearchOptions, search } from './trust/search.ts'
import { agreeOnVenue, type Venue } from './venue.ts'
import { createWitness } from './witness.ts'

export { type Agent, discover } from './discovery/discover.ts'
export { type AgentEnvironment, readAgentEnvironment } from './environment.ts'
export { createFileStore } from './fileStore.ts'
export { openTrades } from './journal.ts'
export { createMemoryStore } from './memoryStore.ts'
export { type Channel, createChannel } from './negotiation/channel.ts'
export { draftPact, type Task } from './negotiation/draft.ts'
export { type BuyerPolicy, evaluateCounter } from './negotiation/evaluateCounter.ts'
export { negotiate } from './negotiation/negotiate.ts'
export { sendAndWait, type Waited, type WaitOptions } from './negotiation/sendAndWait.ts'
export type { Progress } from './progress.ts'
export type { HireResult, Receipts, Stage } from './receipts.ts'
export { checkDelivery } from './settlement/check.ts'
export { defaultSettlePolicy, type SettlePolicy, settle } from './settlement/settle.ts'
export { verify } from './settlement/verify.ts'
export { assess, getTrust } from './trust/assess.ts'
export { createOracleClient, type OracleClient } from './trust/oracle.ts'
export {
  decodeTrustPolicy,
  defaultTrustPolicy,
  meetsTransactionTrustPolicy,
  type TrustPolicy,
} from './trust/policy.ts'
export { search } from './trust/search.ts'
export type { Venue } from './venue.ts'
export { type ReceiptCheck, verifyReceipts } from './verifyReceipts.ts'

/** What a buyer is made of. */
export interface BuyerOptions {
  identity: Identity
  /** Client of the buyer's wallet. */
  wallet: EscrowClient
  /**
   * Further RPCs: what one shows and another does not is not believed, so that no single RPC can make the
   * buyer release, dispute or call a trade ended.
   */
  witnesses?: readonly ReadClient[]
  /** The buyer's own list; the first one witnesses the trade, all must approve of the seller (W-11). */
  oracles: readonly OracleClient[]
  clock: Clock
  /**
   * Where the money may lie and who may judge; an oracle that names others is refused. Default: the first
   * word of each oracle, kept in the journal and held against every later one.
   */
  venue?: Venue
  trustPolicy?: TrustPolicy
  /** Default: pays what it proposed, and nothing else changes. */
  negotiationPolicy?: Partial<BuyerPolicy>
  settlePolicy?: SettlePolicy
  /** After a milestone has ended: whether the next is funded. Default: only where it was paid in full. */
  fundNext?: (done: Stage) => boolean | Promise<boolean>
  /** Default: in memory, lost with the process. */
  journal?: Store
  /** True: the oracle's relay sends what the buyer signs, with the buyer's own sending behind it. */
  useRelay?: boolean
  /**
   * Pays a bonded seller as soon as its work passed, where every oracle advises it; the claim against the
   * bond is then all that is left, and the oracle does not rule such claims yet (`claimRecourse`). Default false.
   */
  instantRelease?: boolean
  /** How the money is locked; default `fund` (ERC-3009). `fundByPermit`, `fundByAllowance` for wallets that cannot. */
  fund?: Fund
  /** Default 3. */
  rounds?: number
  keyOf?: KeyResolver
  verifyWallet?: WalletVerifier
  fetch?: typeof globalThis.fetch
  /** Milliseconds that `hire` waits for the end; a wait that runs out changes nothing (W-21). */
  timeoutMs?: number
  pollIntervalMs?: number
  onProgress?: (progress: Progress) => void
  /** The desk at which this agent's owner is called and orders; see `@earnest/sdk/owner`. */
  owner?: Pick<OwnerDesk, 'attachBuyer' | 'observe'>
}

/** A buyer. */
export interface Buyer {
  /**
   * Hires an agent: discover, assess, negotiate, fund, deliver and settle in one call. A trade that was
   * begun can be taken up again with `resume`. Throws what the five layers throw: `not_registered`,
   * `trust_policy_not_met`, `negotiation_failed`, `insufficient_funds`, ... With a `tradeId` (a UUID) the
   * same id again is the same trade, and goes on as `resume` does.
   */
  hire(
    agentUrl: string,
    options: { task: Task; paymentUsdc: bigint; tradeId?: string },
  ): Promise<HireResult>
  /** Continues a trade from its journal, at whatever step the process died. Throws `unknown_trade`. */
  resume(tradeId: string): Promise<HireResult>
  /**
   * Objects to the delivery of the milestone that was funded last, in the buyer's own words, with its stake
   * of one arbitration fee. Throws `unknown_trade`, `unknown_pact`, `not_delivered`, and as the verb
   * `dispute`.
   */
  dispute(tradeId: string, objection: Complaint): Promise<{ escrowId: string; claimHash: string }>
  /**
   * Ends a disputed trade by agreement: offers the seller a signed split, takes its counter-offer up to
   * `maxSellerBps`, and goes on as `resume` does. Throws `offer_declined` with the seller's `reasonCode`
   * in the details, `agent_unreachable` (retryable), `invalid_signature` where the escrow has changed.
   */
  settleDispute(
    tradeId: string,
    offer: { sellerBps: number; maxSellerBps?: number },
  ): Promise<HireResult>
  /**
   * Funds no further milestone of a trade, nor the first where nothing is locked yet: who waits for such a
   * trade gets `trade_cancelled`. What is locked runs to its own end. Throws `unknown_trade`.
   */
  cancel(tradeId: string): Promise<void>
  /** Trades that have not ended. */
  open(): Promise<string[]>
  /** Sellers of a capability with their checked records, best first (DIS-18). */
  search(options: SearchOptions): Promise<Candidate[]>
  /** The one call of the source document; `paymentUsdc` as text or a whole number of USDC (SET-16). */
  executeAgentToAgentTransaction(
    agentUrl: string,
    taskRequirements: Task,
    paymentUsdc: string | number,
  ): Promise<HireResult>
}

/**
 * Makes a buyer out of an identity, a wallet and its own list of oracles.
 * @example
 * const buyer = createBuyer({ identity, wallet, oracles: [oracle], clock })
 * const { deliverable } = await buyer.hire('https://agent.example', { task, paymentUsdc: parseUsdc('5') })
 */
export function createBuyer(options: BuyerOptions): Buyer {
  const { identity, wallet, oracles, clock, keyOf } = options
  const { trustPolicy = defaultTrustPolicy, settlePolicy = defaultSettlePolicy } = options
  const { journal = createMemoryStore(), owner } = options
  const onProgress = (progress: Progress) => {
    options.onProgress?.(progress)
    void owner?.observe({ type: 'progress', progress })
  }
  const { timeoutMs = 600_000, pollIntervalMs = 2_000 } = options
  const { fundNext = (done: Stage) => done.settlementStatus === 'released' } = options
  const [oracle] = oracles
  if (oracle === undefined) throw new EarnestError('no_oracle', 'Name at least one oracle')
  const { verifyWallet } = options
  const witness = createWitness({ oracle, keyOf, verifyWallet, pollIntervalMs })
  const relay = options.useRelay
    ? async (data: `0x${string}`) =>
        (await oracle.call('relay', { body: { data: data.toLowerCase() as `0x${string}` } })).txHash
    : undefined
  const optional = {
    ...(options.fetch && { fetch: options.fetch }),
    ...(verifyWallet && { verifyWallet }),
  }
  const staging = {
    identity,
    wallet,
    witnesses: options.witnesses ?? [],
    oracle,
    witness,
    clock,
    fund: options.fund ?? fund,
    relay,
    keyOf,
    settlePolicy,
    hints: createHints({ oracle, agent: identity.did }),
    timeoutMs,
    pollIntervalMs,
    onProgress,
  }

  /** Trades that `hire` has begun here: before its draft is written down, nothing else shows that one was. */
  const hiring = new Map<string, Promise<HireResult>>()

  async function hire(
    agentUrl: string,
    {
      task,
      paymentUsdc,
      tradeId = crypto.randomUUID(),
    }: { task: Task; paymentUsdc: bigint; tradeId?: string },
  ): Promise<HireResult> {
    const running = hiring.get(tradeId)
    if (running !== undefined) return await running
    const run = begin(agentUrl, { task, paymentUsdc, tradeId })
    hiring.set(tradeId, run)
    try {
      return await run
    } finally {
      hiring.delete(tradeId)
    }
  }

  async function begin(
    agentUrl: string,
    { task, paymentUsdc, tradeId }: { task: Task; paymentUsdc: bigint; tradeId: string },
  ): Promise<HireResult> {
    const begun = await findTrade(journal, tradeId)
    if (begun !== undefined) return await proceed(begun, undefined)
    // Layer 1.
    const agent = await discover(agentUrl, { clock, ...optional })
    onProgress({ step: 'discovered', agent })
    if (agent.did === null) {
      throw new EarnestError('not_registered', 'Agent is not registered. Cannot verify trust.')
    }

    // Layer 2.
    const { capability, acceptance } = task
    const question = { capability, paymentUsdc, acceptance }
    const assessment = await assess(agent, { task: question, oracles, policy: trustPolicy })
    onProgress({ step: 'assessed', assessment })
    if (!assessment.approved) throw notMet(assessment.reason)

    // Layer 3. The draft is written down before anybody sees it.
    const { venue } = options
    const info = await agreeOnVenue(await witness.info(), { venue, journal })
    const draft = draftPact({
      agent,
      task,
      paymentUsdc,
      buyer: { did: identity.did, wallet: wallet.account.address },
      sellerWallet: await witness.sellerWallet(agent, info.chainId),
      oracle: info,
      now: Math.max(clock.now(), await readChainTime(wallet)),
      instantRelease: options.instantRelease === true && assessment.instantRelease,
    })
    const trade: Trade = {
      tradeId,
      agentUrl,
      draft,
      endpoint: agent.endpoint,
      cardHash: agent.cardHash,
      card: agent.card as Trade['card'],
      signed: null,
      taskId: null,
      contextId: null,
      isRegistered: false,
      fundingTxHash: null,
      milestone: 0,
      objections: [],
      deposits: depositsFor(task),
      isEnded: false,
    }
    await writeTrade(journal, trade)
    onProgress({ step: 'drafted', tradeId: trade.tradeId, pact: draft })
    return await proceed(trade, assessment)
  }

  async function resume(tradeId: string): Promise<HireResult> {
    return await proceed(await readTrade(journal, tradeId), undefined)
  }

  async function proceed(trade: Trade, known: Assessment | undefined): Promise<HireResult> {
    try {
      return await walk(trade, known)
    } catch (error) {
      const { tradeId } = trade
      void owner?.observe({ type: 'hire_failed', tradeId, code: codeOf(error) })
      throw error
    }
  }

  async function walk(start: Trade, known: Assessment | undefined): Promise<HireResult> {
    let trade = start
    const { tradeId } = trade
    const read = () => trade
    const save = async (changes: Partial<Trade>) => {
      trade = { ...trade, ...changes }
      await writeTrade(journal, trade)
    }
    const channel = channelTo(trade.endpoint)

    // Layer 3.
    let assessment = known
    if (trade.signed === null) {
      if (await isStopped(journal, tradeId)) {
        await save({ isEnded: true })
        throw cancelled()
      }
      assessment ??= await assessAgain(trade)
      const { signed, taskId, contextId } = await negotiate({
        assessment,
        channel,
        identity,
        pact: trade.draft,
        policy: {
          maxPaymentUsdc: trade.draft.paymentUsdc,
          latestDeadline: null,
          acceptScopeChange: false,
          ...options.negotiationPolicy,
        },
        clock,
        ...(keyOf && { keyOf }),
        ...(options.rounds !== undefined && { rounds: options.rounds }),
        onRound: (round, response) => {
          if (response.status !== 'counter_proposed') return
          onProgress({ step: 'countered', round, reasonCode: response.reasonCode ?? 'countered' })
        },
      })
      checkPrice(signed.pact, assessment)
      await save({ signed, taskId, contextId })
    }
    const { signed } = trade
    if (signed === null) throw new EarnestError('store_corrupt', 'No signed pact')
    const { pact, pactHash: pactId } = signed
    onProgress({ step: 'agreed', tradeId, pactId, amountUsdc: pact.paymentUsdc })

    if (!trade.isRegistered) {
      await witness.register(signed, trade.deposits)
      await save({ isRegistered: true })
      onProgress({ step: 'registered', pactId })
    }

    // Layers 4 and 5, milestone by milestone: what is not funded yet is at nobody's risk.
    const stages: Stage[] = []
    const trust = assessment?.answers ?? []
    const count = pact.milestones?.length ?? 1
    for (let milestone = 0; milestone < count; milestone++) {
      const isNew = milestone > trade.milestone
      if (isNew && (!(await mayGoOn(stages)) || (await isStopped(journal, tradeId)))) break
      if (trade.fundingTxHash === null) await checkStopped(tradeId, pact)
      try {
        stages.push(await runStage(staging, { signed, milestone, channel, trust, read, save }))
      } catch (error) {
        // What can no longer be funded ends the trade where it stands.
        if (!isEarnestError(error, 'fund_by_passed')) throw error
        await save({ isEnded: true })
        if (stages.length === 0) throw error
        break
      }
      if (stages.at(-1)?.receipts.settlement === undefined) break
    }
    const last = stages.at(-1)
    if (last === undefined) throw new EarnestError('store_corrupt', 'No stage')
    for (const { escrowId, settlementStatus: status } of stages) {
      void owner?.observe({ type: 'stage', pactId, escrowId, status })
    }
    if (last.receipts.settlement !== undefined) await save({ isEnded: true })
    return { ...last, tradeId, pactId, stages }
  }

  /** A trade that was cancelled locks nothing at all; what was sent before that is followed like any other. */
  async function checkStopped(tradeId: string, pact: Pact): Promise<void> {
    if (!(await isStopped(journal, tradeId))) return
    const { state } = await readEscrow(wallet, escrowOfPact({ pact, milestone: 0 }))
    // Ended is it only when no call of ours can be mined any more: `fund` says so.
    if (state !== 'None' || (await readChainTime(wallet)) >= milestoneOf(pact, 0).fundBy) return
    throw cancelled()
  }

  async function mayGoOn(stages: readonly Stage[]): Promise<boolean> {
    const done = stages.at(-1)
    return done !== undefined && (await fundNext(done))
  }

  async function cancel(tradeId: string): Promise<void> {
    await stopTrade(journal, tradeId)
  }
  owner?.attachBuyer({ wallet, journal, cancel })

  async function dispute(
    tradeId: string,
    complaint: Complaint,
  ): Promise<{ escrowId: string; claimHash: string }> {
    const { signed, milestone } = await readTrade(journal, tradeId)
    if (signed === null) throw new EarnestError('unknown_pact', 'This trade has no pact yet')
    const { pact, pactHash: pactId } = signed
    const escrow = escrowOfPact({ pact, milestone })
    const { round, state } = await readEscrow(wallet, escrow)
    if (state !== 'Delivered') {
      throw new EarnestError('not_delivered', `The escrow is ${state}`, { details: { state } })
    }
    const raising = {
      identity,
      wallet,
      oracle: staging.oracle,
      relay,
      pact,
      pactId,
      escrow,
      now: clock.now(),
      save: (one: Objection) => keepObjection(journal, tradeId, one),
    }
    const known = (await readTrade(journal, tradeId)).objections.find(
      ({ claim: { body } }) => body.escrowId === escrow.escrowId && body.round === round,
    )
    const objection = known ?? objectionTo(raising, { round, grounds: complaint })
    return { escrowId: escrow.escrowId, claimHash: await object(objection, raising) }
  }

  async function settleDispute(
    tradeId: string,
    { sellerBps, maxSellerBps = sellerBps }: { sellerBps: number; maxSellerBps?: number },
  ): Promise<HireResult> {
    const { signed, endpoint, milestone } = await readTrade(journal, tradeId)
    if (signed === null) throw new EarnestError('unknown_pact', 'This trade has no pact yet')
    const { pact } = signed
    const escrow = escrowOfPact({ pact, milestone })
    const escrowId = escrow.escrowId as `0x${string}`
    const authorization = await authorizeSettle(wallet, { escrow, sellerBps })
    const body = {
      escrowId,
      pactId: signed.pactHash,
      ...(pact.milestones && { milestone }),
      sellerBps,
      authorization: authorization.toLowerCase() as `0x${string}`,
      offeredBy: identity.did,
      offeredAt: clock.now(),
    }
    const payload = { ...body, signature: signOffer({ body, identity }) }
    const message = { taskType: 'settlement_offer', payload } as const
    // A message of its own: the task of the trade may have ended with it.
    const { response } = await channelTo(endpoint).send(
      encode(offerMessageSchema, message, 'invalid_offer'),
    )
    if (response?.status === 'counter_offered' && response.sellerBps <= maxSellerBps) {
      const { authorization: counterAuthorization } = response
      const agreed = { escrow, sellerBps: response.sellerBps, counterAuthorization }
      await sendSettle(wallet, { ...agreed, ...(relay && { relay }) })
    } else if (response?.status !== 'settled') {
      throw notSettled(response)
    }
    return await resume(tradeId)
  }

  function channelTo(endpoint: string): Channel {
    return createChannel({
      endpoint,
      identity,
      clock,
      ...(options.fetch && { fetch: options.fetch }),
    })
  }

  async function assessAgain({ card, draft }: Trade): Promise<Assessment> {
    const agent = await readCard(card, { clock, ...optional })
    const { capability, paymentUsdc, acceptance } = draft
    const question = { capability, paymentUsdc, acceptance }
    const assessment = await assess(agent, { task: question, oracles, policy: trustPolicy })
    if (!assessment.approved) throw notMet(assessment.reason)
    return assessment
  }

  /** A counter-proposal may have lifted the price above what this seller is trusted with. */
  function checkPrice(pact: Pact, { answers }: Assessment): void {
    for (const answer of answers) {
      const wire = encode(trustResponseSchema, answer, 'invalid_trust')
      const decision = meetsTransactionTrustPolicy(wire, pact, { policy: trustPolicy })
      if (!decision.approved) throw notMet(decision.reason)
    }
  }

  return {
    hire,
    resume,
    dispute,
    settleDispute,
    cancel,
    open: () => openTrades(journal),
    search: (searchOptions) => search(oracle, searchOptions),
    executeAgentToAgentTransaction: (agentUrl, task, paymentUsdc) =>
      hire(agentUrl, { task, paymentUsdc: parseUsdc(String(paymentUsdc)) }),
  }
}

/** The bytes of a task's checkers and data, in base64; every hash that its criteria name must be there. */
function depositsFor({ acceptance, deposits = [] }: Task): string[] {
  const given = new Set(deposits.map((bytes) => hashBytes(bytes)))
  const missing = depositsOf(acceptance).find((sha256) => !given.has(sha256))
  if (missing !== undefined) {
    throw new EarnestError(
      'deposit_missing',
      'A metric without its checker or data would pass unseen',
      {
        details: { sha256: missing },
      },
    )
  }
  return deposits.map((bytes) => base64.encode(bytes))
}

function notSettled(response: ResponseMessage | undefined): EarnestError {
  const [reasonCode, reason] =
    response?.status === 'declined'
      ? [response.reasonCode, response.reason]
      : response?.status === 'counter_offered'
        ? ['counter_too_high', response.reason]
        : ['invalid_response', 'No answer to the offer']
  return new EarnestError('offer_declined', `The seller did not settle: ${reason}`, {
    details: { reasonCode, reason },
  })
}

function cancelled(): EarnestError {
  return new EarnestError('trade_cancelled', 'This trade was cancelled before it was funded')
}

function notMet(reason: string): EarnestError {
  return new EarnestError('trust_policy_not_met', `Trust policy not met: ${reason}`, {
    details: { reason },
  })
}

function codeOf(error: unknown): string | null {
  return isEarnestError(error) ? error.code : null
}
