import type { Hono } from 'hono'
import { cancelOffer, refundCancelled } from './cancelled.ts'
import { createCursor } from './cursor.ts'
import { mountAgent } from './discovery/mountAgent.ts'
import { publish } from './discovery/publish.ts'
import { createDisputeDesk, type DisputeDesk } from './disputeDesk.ts'
import { escrowOfPact } from './escrow/client.ts'
import { assertServed, mapErrors } from './escrow/send.ts'
import { createExecutor, type ExecutorOptions, handleMessage } from './executor.ts'
import { createToldHints } from './hints.ts'
import { createKnownPacts } from './knownPacts.ts'
import { createMemoryStore } from './memoryStore.ts'
import { createBearerCheck } from './negotiation/bearer.ts'
import { evaluatePactTerms } from './negotiation/evaluate.ts'
import { createNegotiator, type Negotiator } from './negotiation/respond.ts'
import { createOffers, type Offers } from './offers.ts'
import { isSameAddress } from './protocol/address.ts'
import type { AgentRecord, Registration } from './protocol/agent.ts'
import { encode } from './protocol/decode.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import type { OracleEvent } from './protocol/event.ts'
import { type ResponseMessage, responseMessageSchema } from './protocol/message.ts'
import { hashPact, type Pact } from './protocol/pact.ts'
import { relayOf } from './relay.ts'
import type { SellerOptions } from './sellerOptions.ts'
import { checkSkills } from './skill.ts'
import { createSplits, type Splits } from './splits.ts'
import { sweep } from './sweep.ts'
import { createTaskStore, STRANGER } from './taskStore.ts'
import { createBuyerWatch } from './trust/buyerWarnings.ts'
import { listen } from './trust/listen.ts'
import { createWork, type Work, type WorkEvent } from './work.ts'

export { type MountOptions, mountAgent } from './discovery/mountAgent.ts'
export { type AgentFacts, publish } from './discovery/publish.ts'
export {
  type DisputeAnswer,
  type DisputeDesk,
  evaluateOffer,
  type Offer,
  type OfferDecision,
} from './disputeDesk.ts'
export { createFileStore } from './fileStore.ts'
export { createMemoryStore } from './memoryStore.ts'
export {
  decodeSellerPolicy,
  evaluatePactTerms,
  type SellerPolicy,
  type TermsEvaluation,
} from './negotiation/evaluate.ts'
export type { Offers, OfferTerms } from './offers.ts'
export { type SellerFacts, sellerDefaults } from './sellerDefaults.ts'
export type { SellerEvent, SellerOptions } from './sellerOptions.ts'
export { type Audit, auditDeliverable, type SelfAudit } from './settlement/audit.ts'
export type { ReceivedFile, SkillOutput } from './settlement/file.ts'
export type { Job, Skill } from './skill.ts'
export type { Splits } from './splits.ts'
export { buyerWarnings } from './trust/buyerWarnings.ts'
export { createOracleClient, type OracleClient } from './trust/oracle.ts'
export type { Venue } from './venue.ts'
export type { WorkEvent } from './work.ts'

/** A seller: a fetch handler, and what goes on behind it. */
export interface Seller {
  /** Serves cards and A2A. */
  readonly fetch: (request: Request) => Response | Promise<Response>
  readonly app: Hono
  readonly cards: { agentCard: object; sourceCard: object }
  readonly disputes: DisputeDesk
  /** Offers to people who buy with a browser and a wallet, on the oracle's pages. */
  readonly offers: Offers
  /** Splits on the oracle's table, where those people find and answer them. */
  readonly splits: Splits
  readonly negotiator: Negotiator
  readonly work: Work
  /** Registers the agent at the oracle; the same registration again changes nothing. */
  register(): Promise<AgentRecord>
  /**
   * Continues what a crash left open, sends heartbeats, and begins work on the oracle's signed funding events.
   * Throws `wrong_chain` where the wallet's client or its RPC is of another chain than the binding.
   */
  start(): Promise<void>
  /** Stops beginning anything; what runs may be continued by the next `start`. */
  stop(): Promise<void>
  /**
   * Takes back an offer that nobody has funded, and works on it no more; a funding of the same instant is
   * refunded by the next look at the chain. Throws `already_funded`, `pact_unknown`.
   */
  cancel(pactId: string, reason: string): Promise<void>
  /** Answers one message of the source document's shape without A2A around it (SET-17). */
  handleIncomingA2ATask(message: unknown): Promise<unknown>
}

/**
 * Makes a seller out of an identity, a wallet and skills; the fetch handler goes into any server.
 * @example
 * const seller = createSeller({ identity, wallet, binding, skills, policy, oracle, clock, card })
 * await seller.register()
 * await seller.start()
 * serve({ fetch: seller.fetch, port: 4000 })
 */
export function createSeller(options: SellerOptions): Seller {
  const { identity, wallet, skills, policy, oracle, clock, card } = options
  const {
    store = createMemoryStore(),
    heartbeatSeconds = 60,
    sweepSeconds = 15,
    onEvent = () => {},
  } = options
  const { keyOf, owner } = options
  if (!isSameAddress(wallet.account.address, options.binding.body.wallet)) {
    throw new EarnestError('wrong_wallet', 'The account is not the wallet of the binding')
  }
  checkSkills(skills)
  if (!/^https?:\/\//.test(card.endpoint) || !URL.canParse(card.endpoint)) {
    const message = `endpoint: want an absolute URL such as https://seller.example/a2a`
    throw new EarnestError('invalid_card', message, { details: { got: card.endpoint } })
  }
  const { verified, bondTier, ...facts } = card
  const cards = publish({
    facts: {
      ...facts,
      skills,
      trust: {
        wallet: options.binding,
        trustScoreUrl: `${oracle.url}/api/v1/trust/${identity.did}`,
        ...(verified !== undefined && { verified }),
        ...(bondTier !== undefined && { bondTier }),
      },
    },
    identity,
  })
  const weigh =
    options.evaluate ?? ((pact: Pact) => evaluatePactTerms(pact, { policy, now: clock.now() }))
  const watchBuyer = createBuyerWatch({
    oracle,
    clock,
    onWarning: (warning) => onEvent({ type: 'buyer_flagged', ...warning }),
  })
  const evaluate = async (pact: Pact) => {
    const evaluation = await weigh(pact)
    const { reasonCode, counterProposal } = evaluation
    if (evaluation.acceptable || counterProposal) {
      watchBuyer({ buyer: pact.buyer.did, pactId: hashPact(pact) })
    }
    void owner?.observe({ type: 'proposal', pact, reasonCode })
    return evaluation
  }
  const negotiator = createNegotiator({
    identity,
    wallet: wallet.account.address,
    store,
    clock,
    evaluate,
    ...(keyOf && { keyOf }),
    ...(options.rounds !== undefined && { rounds: options.rounds }),
  })
  const report = (event: WorkEvent): void => {
    onEvent(event)
    void owner?.observe({ type: 'work', event })
  }
  const hints = createToldHints()
  const work = createWork({
    hints,
    identity,
    client: wallet,
    oracle,
    negotiator,
    skills,
    store,
    clock,
    onEvent: report,
    ...(owner && { notes: owner.notes }),
    ...(options.witnesses && { witnesses: options.witnesses }),
    ...(options.audit && { audit: options.audit }),
    ...(options.maxRevisions !== undefined && { maxRevisions: options.maxRevisions }),
    ...(options.refundOnFailure !== undefined && { refundOnFailure: options.refundOnFailure }),
  })
  const disputes = createDisputeDesk({
    identity,
    client: wallet,
    oracle,
    store,
    clock,
    negotiator,
    ...(options.evaluateOffer && { evaluate: options.evaluateOffer }),
    ...(keyOf && { keyOf }),
  })
  const capabilities = skills.map(({ id }) => id)
  const spoken: ExecutorOptions = {
    negotiator,
    work,
    disputes,
    clock,
    capabilities,
    ...(owner && {
      onOutside: (request) => void owner.observe({ type: 'outside', ...request }),
      takeSayings: owner.takeSayings,
    }),
  }
  const cancel = (pactId: string, reason: string) =>
    cancelOffer({ store, oracle, negotiator, work }, { pactId, reason })
  owner?.attachSeller({ wallet, oracle, store, negotiator, disputes, cancel })
  const offers = createOffers({
    identity,
    oracle,
    store,
    clock,
    policy,
    agent: {
      did: identity.did,
      wallet: {
        address: options.binding.body.wallet,
        chainId: options.binding.body.chainId,
      },
      trade: card.trade,
    },
    ...(keyOf && { keyOf }),
  })
  const splits = createSplits({ client: wallet, oracle, did: identity.did })
  const taskStore = createTaskStore(store)
  const checkBearer = createBearerCheck({ audience: card.endpoint, ...(keyOf && { keyOf }) })
  const app = mountAgent({
    card: cards.agentCard,
    documents: { '/.well-known/agent.json': cards.sourceCard },
    executor: createExecutor(spoken),
    taskStore,
    settle: taskStore.flush,
    path: new URL(card.endpoint).pathname,
    lastModified: clock.now(),
    // A stranger is a different one with each request: it gets its answer and no second look.
    authenticate: async (request) => {
      const header = request.headers.get('authorization')
      if (header === null) {
        return { isAuthenticated: false, userName: STRANGER + crypto.randomUUID() }
      }
      const token = /^Bearer (\S+)$/i.exec(header)?.[1] ?? ''
      return { isAuthenticated: true, userName: checkBearer(token, clock.now()) }
    },
    // The buses of waiting tasks would never be let go: what waits is in the store.
    handlerOptions: { keepBusAliveStates: [] },
  })

  let listening: AbortController | undefined
  let heart: ReturnType<typeof setInterval> | undefined
  let sweeper: ReturnType<typeof setInterval> | undefined

  const cursor = createCursor(store, 'events/last')
  const known = createKnownPacts()
  async function hear(signal: AbortSignal): Promise<void> {
    const after = await cursor.read()
    const options = { query: { agent: identity.did }, after, onOpen: hints.hear, signal }
    for await (const event of listen(oracle, options)) {
      onEvent({ type: 'oracle_event', event })
      hints.tell(event)
      // What is not found now is found by the next sweep.
      if (isAboutOffer(event)) await offers.look().catch(() => {})
      known.hear(event)
      if (event.type === 'funded') await beginFunded(event)
      // After the work has begun: an owner's desk that waits for the chain holds up no trade.
      await owner?.observe({ type: 'oracle_event', event })
      cursor.note(event.id)
    }
  }

  /** The signed event only wakes us: what is funded the chain says (TOL-05). */
  async function beginFunded({ pactId, escrowId }: OracleEvent): Promise<void> {
    const agreed = pactId === null ? undefined : await negotiator.agreed(pactId)
    if (agreed === undefined || pactId === null || escrowId === null) return
    const { pact } = agreed.signed
    for (let milestone = 0; milestone < (pact.milestones?.length ?? 1); milestone++) {
      if (escrowOfPact({ pact, milestone }).escrowId !== escrowId) continue
      const message = { taskType: pact.capability, escrowId, pactId, milestone }
      void work.begin(message, known.has(pactId)).catch(() => {})
    }
  }

  const begun = new Set<string>()
  let sweeping: Promise<void> | undefined
  /** One at a time: a slow chain makes it rarer and not more. */
  async function look(): Promise<void> {
    sweeping ??= sweepAll().finally(() => {
      sweeping = undefined
    })
    await sweeping
  }

  async function sweepAll(): Promise<void> {
    // An oracle that does not answer holds up no work: the chain says what is funded.
    await offers.look().catch(() => {})
    await sweep({ store, negotiator, work, clock, begun })
    await refundCancelled({
      store,
      client: wallet,
      relay: relayOf(oracle),
      clock,
      onRefund: (escrowId) => report({ type: 'refunded', escrowId }),
    })
  }

  async function beat(): Promise<void> {
    const escrowIds = work.running()
    const body = { at: clock.now(), escrowIds }
    await oracle.call('sendHeartbeat', { params: { did: identity.did }, body }).catch(() => {})
  }

  return {
    fetch: (request) => app.fetch(request),
    app,
    cards,
    disputes,
    offers,
    splits,
    negotiator,
    work,
    async register() {
      const { trade } = card
      const registration: Registration = {
        did: identity.did,
        name: card.name,
        description: card.description,
        endpoint: card.endpoint,
        capabilities,
        inputFormats: [...trade.inputFormats],
        outputFormats: [...trade.outputFormats],
        pricing: { perTask: trade.pricing.perTask, complex: trade.pricing.complex },
        binding: options.binding,
      }
      return await oracle.call('registerAgent', { body: registration })
    },
    async start() {
      const { chainId } = options.binding.body
      await mapErrors(() => assertServed(wallet, chainId)).catch((error) => {
        // A node that is away now is asked again by every look.
        if (!isEarnestError(error, 'chain_unreachable')) throw error
        onEvent({ type: 'waiting', reason: error.code })
      })
      await look()
      const controller = new AbortController()
      listening = controller
      void hear(controller.signal).catch(() => {})
      sweeper = setInterval(() => void look().catch(() => {}), sweepSeconds * 1000)
      if (heartbeatSeconds > 0) {
        await beat()
        heart = setInterval(() => void beat(), heartbeatSeconds * 1000)
      }
    },
    async stop() {
      listening?.abort()
      clearInterval(heart)
      clearInterval(sweeper)
      work.stop()
      await work.settled()
      await taskStore.flush().catch(() => {})
      await cursor.flush()
    },
    cancel,
    async handleIncomingA2ATask(message) {
      const taskId = crypto.randomUUID()
      const response: ResponseMessage = await handleMessage(message, {
        taskId,
        caller: undefined,
        options: spoken,
      })
      return encode(responseMessageSchema, response, 'invalid_response')
    },
  }
}

/** Somebody took one of our offers, or signed one. */
function isAboutOffer({ type }: OracleEvent): boolean {
  return type === 'offer_taken' || type === 'pact_registered'
}
