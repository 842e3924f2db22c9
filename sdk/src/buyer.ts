import { type Agent, discover, readCard } from './discovery/discover.ts'
import type { EscrowClient } from './escrow/client.ts'
import { escrowOfPact } from './escrow/client.ts'
import { readBlockTime, readHistory } from './escrow/events.ts'
import { fireTimer } from './escrow/fireTimer.ts'
import { type FundedPact, fund } from './escrow/fund.ts'
import { readChainTime, readEscrow } from './escrow/readEscrow.ts'
import { readSettlement } from './escrow/readSettlement.ts'
import { release } from './escrow/release.ts'
import { authorizeSettle, settle as sendSettle } from './escrow/settle.ts'
import { openTrades, readTrade, type Trade, writeTrade } from './journal.ts'
import { createMemoryStore } from './memoryStore.ts'
import { type Channel, createChannel } from './negotiation/channel.ts'
import { draftPact, type Task } from './negotiation/draft.ts'
import type { BuyerPolicy } from './negotiation/evaluateCounter.ts'
import { negotiate } from './negotiation/negotiate.ts'
import type { Clock } from './protocol/clock.ts'
import { encode } from './protocol/decode.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { fromBytes32 } from './protocol/hash.ts'
import type { Identity } from './protocol/identity.ts'
import type { KeyResolver } from './protocol/key.ts'
import {
  offerMessageSchema,
  type ResponseMessage,
  signOffer,
  workMessageSchema,
} from './protocol/message.ts'
import { parseUsdc } from './protocol/money.ts'
import type { Pact, SignedPact } from './protocol/pact.ts'
import type { OracleInfo } from './protocol/route.ts'
import type { Attestation, Settlement } from './protocol/settlement.ts'
import { isTerminal } from './protocol/status.ts'
import type { Store } from './protocol/store.ts'
import { type TrustResponse, trustResponseSchema } from './protocol/trust.ts'
import { verifyWalletBinding, type WalletVerifier } from './protocol/wallet.ts'
import type { Deliverable } from './settlement/retrieve.ts'
import { defaultSettlePolicy, type SettlePolicy, settle } from './settlement/settle.ts'
import { type Verification, verify } from './settlement/verify.ts'
import { type Assessment, assess } from './trust/assess.ts'
import type { OracleClient } from './trust/oracle.ts'
import {
  defaultTrustPolicy,
  meetsTransactionTrustPolicy,
  type TrustPolicy,
} from './trust/policy.ts'
import { type Candidate, type SearchOptions, search } from './trust/search.ts'

export { type Agent, discover } from './discovery/discover.ts'
export { createFileStore } from './fileStore.ts'
export { openTrades } from './journal.ts'
export { createMemoryStore } from './memoryStore.ts'
export { draftPact, type Task } from './negotiation/draft.ts'
export { type BuyerPolicy, evaluateCounter } from './negotiation/evaluateCounter.ts'
export { negotiate } from './negotiation/negotiate.ts'
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
export { type ReceiptCheck, verifyReceipts } from './verifyReceipts.ts'

/** What a buyer is made of. */
export interface BuyerOptions {
  identity: Identity
  /** Client of the buyer's wallet. */
  wallet: EscrowClient
  /** The buyer's own list; the first one witnesses the trade, all must approve of the seller (W-11). */
  oracles: readonly OracleClient[]
  clock: Clock
  trustPolicy?: TrustPolicy
  /** Default: pays what it proposed, and nothing else changes. */
  negotiationPolicy?: Partial<BuyerPolicy>
  settlePolicy?: SettlePolicy
  /** Default: in memory, lost with the process. */
  journal?: Store
  /** True: the oracle's relay sends what the buyer signs, with the buyer's own sending behind it. */
  useRelay?: boolean
  /** Default 3. */
  rounds?: number
  keyOf?: KeyResolver
  verifyWallet?: WalletVerifier
  fetch?: typeof globalThis.fetch
  /** Milliseconds that `hire` waits for the end; a wait that runs out changes nothing (W-21). */
  timeoutMs?: number
  pollIntervalMs?: number
  onProgress?: (progress: Progress) => void
}

/** One line per layer, with ids and true amounts (API-17). */
export type Progress =
  | { step: 'discovered'; agent: Agent }
  | { step: 'assessed'; assessment: Assessment }
  | { step: 'drafted'; tradeId: string; pact: Pact }
  | { step: 'countered'; round: number; reasonCode: string }
  | { step: 'agreed'; tradeId: string; pactId: string; amountUsdc: bigint }
  | { step: 'registered'; pactId: string }
  | { step: 'funded'; funded: FundedPact }
  | { step: 'dispatched'; escrowId: string; status: string }
  | { step: 'delivered'; escrowId: string; artifactHash: string; result: string }
  | { step: 'verified'; escrowId: string; verification: Verification; decision: string }
  | { step: 'settled'; settlement: Settlement }
  | { step: 'waiting'; escrowId: string; state: string; reason: string }

/** How a trade stands when `hire` returns (SET-16). */
export interface HireResult {
  tradeId: string
  pactId: string
  escrowId: string
  /** Undefined where nothing was delivered, or nothing that can be fetched yet. */
  deliverable: Deliverable | undefined
  settlementStatus: 'released' | 'refunded' | 'resolved' | 'disputed' | 'pending'
  settlementTxHash: string | null
  receipts: Receipts
}

/** Every paper of a trade; each can be checked by anybody, offline (DIS-20). */
export interface Receipts {
  /** The seller's card as it was proven. */
  card: Readonly<Record<string, unknown>>
  /** The oracles' signed answers; empty after a restart. */
  trust: readonly TrustResponse[]
  signed: SignedPact
  funding: FundedPact
  report: Verification['report']
  settlement: Settlement | undefined
  /** The oracle's portable record of the settlement, where it has written it already. */
  attestation: Attestation | undefined
}

/** A buyer. */
export interface Buyer {
  /**
   * Hires an agent: discover, assess, negotiate, fund, deliver and settle in one call. A trade that was
   * begun can be taken up again with `resume`. Throws what the five layers throw: `not_registered`,
   * `trust_policy_not_met`, `negotiation_failed`, `insufficient_funds`, ...
   */
  hire(agentUrl: string, options: { task: Task; paymentUsdc: bigint }): Promise<HireResult>
  /** Continues a trade from its journal, at whatever step the process died. Throws `unknown_trade`. */
  resume(tradeId: string): Promise<HireResult>
  /**
   * Ends a disputed trade by agreement: offers the seller a signed split, takes its counter-offer up to
   * `maxSellerBps`, and goes on as `resume` does. Throws `offer_declined` with the seller's `reasonCode`
   * in the details, `agent_unreachable` (retryable), `invalid_signature` where the escrow has changed.
   */
  settleDispute(
    tradeId: string,
    offer: { sellerBps: number; maxSellerBps?: number },
  ): Promise<HireResult>
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
  const { identity, wallet, oracles, clock } = options
  const { trustPolicy = defaultTrustPolicy, settlePolicy = defaultSettlePolicy } = options
  const { journal = createMemoryStore(), onProgress = () => {} } = options
  const { timeoutMs = 600_000, pollIntervalMs = 2_000 } = options
  const [oracle] = oracles
  if (oracle === undefined) throw new EarnestError('no_oracle', 'Name at least one oracle')
  const witness = oracle
  const relay = options.useRelay
    ? async (data: `0x${string}`) =>
        (await witness.call('relay', { body: { data: data.toLowerCase() as `0x${string}` } }))
          .txHash
    : undefined
  const optional = {
    ...(options.fetch && { fetch: options.fetch }),
    ...(options.verifyWallet && { verifyWallet: options.verifyWallet }),
  }

  async function hire(
    agentUrl: string,
    { task, paymentUsdc }: { task: Task; paymentUsdc: bigint },
  ): Promise<HireResult> {
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
    const info = await oracleInfo()
    const draft = draftPact({
      agent,
      task,
      paymentUsdc,
      buyer: { did: identity.did, wallet: wallet.account.address },
      sellerWallet: await sellerWallet(agent, info),
      oracle: info,
      now: Math.max(clock.now(), await readChainTime(wallet)),
      instantRelease: assessment.instantRelease,
    })
    const trade: Trade = {
      tradeId: crypto.randomUUID(),
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
      isEnded: false,
    }
    await writeTrade(journal, trade)
    onProgress({ step: 'drafted', tradeId: trade.tradeId, pact: draft })
    return await proceed(trade, assessment)
  }

  async function resume(tradeId: string): Promise<HireResult> {
    return await proceed(await readTrade(journal, tradeId), undefined)
  }

  async function proceed(start: Trade, known: Assessment | undefined): Promise<HireResult> {
    let trade = start
    const { tradeId } = trade
    const save = async (changes: Partial<Trade>) => {
      trade = { ...trade, ...changes }
      await writeTrade(journal, trade)
    }
    const channel = channelTo(trade.endpoint)

    // Layer 3.
    let assessment = known
    if (trade.signed === null) {
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
        ...(options.keyOf && { keyOf: options.keyOf }),
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
      await register(signed)
      await save({ isRegistered: true })
      onProgress({ step: 'registered', pactId })
    }

    // Layer 4.
    const funded = await fund(wallet, {
      signed,
      ...(relay && { relay }),
      ...(options.keyOf && { keyOf: options.keyOf }),
    }).catch((error) => {
      if (isEarnestError(error, 'escrow_not_open')) return undefined
      throw error
    })
    const funding = funded ?? (await fundedBefore(signed))
    await save({ fundingTxHash: funding.txHash as `0x${string}` })
    onProgress({ step: 'funded', funded: funding })

    // Layer 5.
    const escrowId = funding.escrowId as `0x${string}`
    await dispatch()
    const end = await follow(pact, escrowId, dispatch)
    if (end.settlement !== undefined) await save({ isEnded: true })
    return {
      tradeId,
      pactId,
      escrowId,
      deliverable: end.verification?.deliverable,
      settlementStatus: end.status,
      settlementTxHash: end.settlement?.txHash ?? null,
      receipts: {
        card: trade.card,
        trust: assessment?.answers ?? [],
        signed,
        funding,
        report: end.verification?.report,
        settlement: end.settlement,
        attestation: end.settlement === undefined ? undefined : await attestationOf(pact, escrowId),
      },
    }

    /** Tells the seller to begin; it also sees the money by itself, so that this may fail. */
    async function dispatch(): Promise<void> {
      if ((await readEscrow(wallet, funding.escrow)).state !== 'Funded') return
      const message = { taskType: pact.capability, escrowId, pactId }
      const place = {
        ...(trade.taskId !== null && { taskId: trade.taskId }),
        ...(trade.contextId !== null && { contextId: trade.contextId }),
      }
      const wire = encode(workMessageSchema, message, 'invalid_message')
      const status = await channel
        .send(wire, { ...place, returnImmediately: true })
        .then(({ response }) => response?.status ?? 'working')
        .catch((error) => (isEarnestError(error) ? error.code : 'agent_unreachable'))
      onProgress({ step: 'dispatched', escrowId, status })
    }
  }

  async function settleDispute(
    tradeId: string,
    { sellerBps, maxSellerBps = sellerBps }: { sellerBps: number; maxSellerBps?: number },
  ): Promise<HireResult> {
    const { signed, endpoint } = await readTrade(journal, tradeId)
    if (signed === null) throw new EarnestError('unknown_pact', 'This trade has no pact yet')
    const escrow = escrowOfPact({ pact: signed.pact })
    const escrowId = escrow.escrowId as `0x${string}`
    const authorization = await authorizeSettle(wallet, { escrow, sellerBps })
    const body = {
      escrowId,
      pactId: signed.pactHash,
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

  async function follow(
    pact: Pact,
    escrowId: `0x${string}`,
    remind: () => Promise<void>,
  ): Promise<{
    status: HireResult['settlementStatus']
    settlement: Settlement | undefined
    verification: Verification | undefined
  }> {
    const escrow = escrowOfPact({ pact })
    let verification: Verification | undefined
    let decided: string | undefined
    let round = 0
    let result: string | undefined
    let polls = 0
    for (let waited = 0; ; waited += pollIntervalMs) {
      try {
        const status = await readEscrow(wallet, escrow)
        polls++
        // The first word may have come before the lock was final, or while the seller was away: at the
        // 8th, 16th, 32nd ... look it is said again, and means nothing new to a seller at work.
        const isDue = polls >= 8 && (polls & (polls - 1)) === 0
        if (status.state === 'Funded' && isDue) await remind()
        // An attestation that came after the first look brings a report to check.
        if (status.round !== round || status.result !== result) {
          verification = undefined
          decided = undefined
          round = status.round
          result = status.result
        }
        if (status.round > 0 && verification === undefined) {
          verification = await examine(pact, escrowId).catch((error) => {
            onProgress({
              step: 'waiting',
              escrowId,
              state: status.state,
              reason: isEarnestError(error) ? error.code : 'unknown',
            })
            if (!isEarnestError(error)) throw error
            return undefined
          })
          if (verification !== undefined) {
            decided = settle(verification, settlePolicy)
            onProgress({ step: 'verified', escrowId, verification, decision: decided })
          }
        }
        if (isTerminal(status.state)) {
          const settlement = await readSettlement(wallet, { pact })
          if (settlement !== undefined) {
            onProgress({ step: 'settled', settlement })
            const word = ENDINGS[status.state as keyof typeof ENDINGS] ?? 'resolved'
            return { status: word, settlement, verification }
          }
        } else if (status.state === 'Delivered' && decided === 'release') {
          await release(wallet, { escrow, ...(relay && { relay }) })
          continue
        } else if (['Disputed', 'Negotiating', 'Arbitration'].includes(status.state)) {
          return { status: 'disputed', settlement: undefined, verification }
        } else if (status.state === 'Delivered' && status.result === 'PASS') {
          // The review ends by itself; a buyer that does not approve pays nobody by its own hand.
        } else if (await fireTimer(wallet, { escrow })) {
          continue
        }
      } catch (error) {
        // Somebody else was faster, or the chain is away for a moment: look again.
        if (!isEarnestError(error)) throw error
        onProgress({ step: 'waiting', escrowId, state: 'unknown', reason: error.code })
      }
      if (waited >= timeoutMs) return { status: 'pending', settlement: undefined, verification }
      await new Promise((resolve) => setTimeout(resolve, pollIntervalMs))
    }
  }

  async function examine(pact: Pact, escrowId: `0x${string}`): Promise<Verification> {
    const escrow = escrowOfPact({ pact })
    const events = await readHistory(wallet, escrow)
    const delivered = events.findLast(({ eventName }) => eventName === 'Delivered')
    if (delivered?.eventName !== 'Delivered' || delivered.blockNumber === null) {
      throw new EarnestError('not_delivered', 'Nothing was delivered yet', { retryable: true })
    }
    const { round } = delivered.args
    const attested = events.findLast(
      (event) => event.eventName === 'Attested' && event.args.round === round,
    )
    const reportHash =
      attested?.eventName === 'Attested' ? fromBytes32(attested.args.reportHash) : null
    const artifactHash = fromBytes32(delivered.args.artifactHash)
    const { result } = await readEscrow(wallet, escrow)
    onProgress({ step: 'delivered', escrowId, artifactHash, result })
    const deliveredAt = await readBlockTime(wallet, delivered.blockNumber)
    const onChain = { escrowId, artifactHash, reportHash, deliveredAt }
    return await verify({ oracle: witness, pact, onChain })
  }

  async function oracleInfo(): Promise<OracleInfo> {
    const info = await witness.call('getOracle', {})
    if (info.did !== witness.did) {
      throw new EarnestError('oracle_mismatch', 'Another oracle answers under this address', {
        details: { got: info.did, want: witness.did },
      })
    }
    return info
  }

  async function sellerWallet(agent: Agent, info: OracleInfo): Promise<`0x${string}`> {
    if (agent.wallet !== undefined && agent.wallet.chainId === info.chainId) {
      return agent.wallet.address
    }
    const record = await witness.call('getAgent', { params: { did: agent.did ?? '' } })
    const { binding } = record
    if (binding.body.did !== agent.did || binding.body.chainId !== info.chainId) {
      throw new EarnestError('seller_wallet_unknown', 'No wallet is proven to be the seller’s')
    }
    await verifyWalletBinding(binding, {
      ...(options.keyOf && { keyOf: options.keyOf }),
      ...(options.verifyWallet && { verifyWallet: options.verifyWallet }),
    })
    return binding.body.wallet
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

  async function register({ pact, pactHash, buyerSignature, sellerSignature }: SignedPact) {
    const record = await witness.call('registerPact', {
      body: {
        pactHash,
        buyerDid: pact.buyer.did,
        sellerDid: pact.seller.did,
        buyerSignature,
        sellerSignature,
        terms: pact,
      },
      idempotencyKey: pactHash,
    })
    if (record.pactId !== pactHash) {
      throw new EarnestError('pact_hash_mismatch', 'The oracle registered something else')
    }
  }

  async function fundedBefore(signed: SignedPact): Promise<FundedPact> {
    const { pact } = signed
    const escrow = escrowOfPact({ pact })
    const events = await readHistory(wallet, escrow)
    const funding = events.find(({ eventName }) => eventName === 'Funded')
    if (funding === undefined || funding.blockNumber === null) {
      throw new EarnestError('funding_not_found', 'The chain shows no funding', { retryable: true })
    }
    return {
      signed,
      pactId: signed.pactHash,
      milestone: 0,
      escrow,
      escrowId: escrow.escrowId,
      txHash: funding.transactionHash,
      blockNumber: BigInt(funding.blockNumber),
      status: 'locked',
      network: `eip155:${escrow.chainId}`,
    }
  }

  async function attestationOf(pact: Pact, escrowId: string): Promise<Attestation | undefined> {
    const params = { id: pact.seller.did }
    // The oracle follows the chain a moment later; its paper can also be fetched another time.
    for (let attempt = 0; attempt < 5; attempt++) {
      const found = await witness
        .call('listAttestations', { params, query: { limit: 100 } })
        .then(({ attestations }) =>
          attestations.find(({ settlement }) => settlement.escrowId === escrowId),
        )
        .catch(() => undefined)
      if (found !== undefined) return found
      await new Promise((resolve) => setTimeout(resolve, pollIntervalMs))
    }
    return undefined
  }

  return {
    hire,
    resume,
    settleDispute,
    open: () => openTrades(journal),
    search: (searchOptions) => search(witness, searchOptions),
    executeAgentToAgentTransaction: (agentUrl, task, paymentUsdc) =>
      hire(agentUrl, { task, paymentUsdc: parseUsdc(String(paymentUsdc)) }),
  }
}

const ENDINGS = { Completed: 'released', Refunded: 'refunded', Resolved: 'resolved' } as const

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

function notMet(reason: string): EarnestError {
  return new EarnestError('trust_policy_not_met', `Trust policy not met: ${reason}`, {
    details: { reason },
  })
}
