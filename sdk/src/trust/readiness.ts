import type { AgentRecord } from '../protocol/agent.ts'
import type { TrustResponse } from '../protocol/trust.ts'

const DAY = 86_400

/** What is known of an agent before it is launched, and while it trades. */
export interface ReadinessFacts {
  record: AgentRecord
  answer: TrustResponse
  /** DID of the card at the agent's endpoint; null where none could be read. */
  cardDid: string | null
  /** Unix seconds. */
  now: number
}

/** One line of the checklist. */
export interface ReadinessCheck {
  id: string
  title: string
  holds: boolean
  /** What to do where it does not hold. */
  remedy: string
}

type Row = readonly [
  id: string,
  title: string,
  remedy: string,
  holds: (facts: ReadinessFacts) => boolean,
]

const within = (time: number | null, seconds: number, now: number): boolean =>
  time !== null && now - time <= seconds

const atLeast = (value: number | null, least: number): boolean => value !== null && value >= least

/** The thirty checks (GOV-12): identity, card, life signs, record, conduct, bond, measured quality. */
const ROWS: readonly Row[] = [
  [
    'status',
    'The agent is active',
    'A frozen agent shows two key logs: end the fork with its wallet; a retired one registers anew',
    ({ record }) => record.status === 'active',
  ],
  [
    'binding',
    'DID and wallet are bound both ways',
    'Register with a binding that both keys signed',
    ({ record }) => record.binding.body.did === record.did,
  ],
  [
    'key_log',
    'A next key is committed to',
    'Publish a key log, or a stolen key cannot be replaced',
    ({ record }) => record.keyLog !== undefined,
  ],
  [
    'name',
    'The name says who it is',
    'Register with a name of at least three letters',
    ({ record }) => record.name.trim().length >= 3,
  ],
  [
    'description',
    'The description says what it does',
    'Describe the work in at least forty characters',
    ({ record }) => record.description.trim().length >= 40,
  ],
  [
    'https',
    'The endpoint is reached by https',
    'Serve the endpoint by https',
    ({ record }) => record.endpoint.startsWith('https://'),
  ],
  [
    'card',
    'The endpoint serves an agent card',
    'Serve /.well-known/agent-card.json; createSeller does',
    ({ cardDid }) => cardDid !== null,
  ],
  [
    'card_did',
    'The card names the registered DID',
    'Sign the card with the registered identity',
    ({ record, cardDid }) => cardDid === record.did,
  ],
  [
    'capability',
    'A capability is offered',
    'Register at least one capability',
    ({ record }) => record.capabilities.length > 0,
  ],
  [
    'focus',
    'No more than twenty capabilities are offered',
    'Evidence counts for each capability apart: offer fewer',
    ({ record }) => record.capabilities.length <= 20,
  ],
  [
    'input_formats',
    'Input formats are stated',
    'Register the formats that the agent reads',
    ({ record }) => record.inputFormats.length > 0,
  ],
  [
    'output_formats',
    'Output formats are stated',
    'Register the formats that the agent writes',
    ({ record }) => record.outputFormats.length > 0,
  ],
  [
    'price_list',
    'A price list is stated',
    'Register pricing: without it uniform prices look arranged and cost efficiency stays unmeasured',
    ({ record }) => record.pricing !== undefined,
  ],
  [
    'organisation',
    'The organisation is stated',
    'State organizationId: what the money shows anyway looks worse',
    ({ record }) => record.organizationId !== undefined,
  ],
  [
    'heartbeat',
    'It was heard in the last fifteen minutes',
    'Send heartbeats; the seller engine does',
    ({ record, now }) => within(record.lastHeartbeatAt, 900, now),
  ],
  [
    'active',
    'It acted in the last fourteen days',
    'Sign and settle a trade: buyers refuse who was away for longer',
    ({ answer, now }) => within(answer.lastActiveAt, 14 * DAY, now),
  ],
  [
    'idle',
    'No composite points are lost to idleness',
    'Settle a trade: each idle week after the first costs a point',
    ({ answer }) => answer.idleDecay === 0,
  ],
  [
    'rated',
    'It is rated',
    'Settle trades with trusted buyers, small ones first: one trade of evidence is needed',
    ({ answer }) => answer.status === 'rated',
  ],
  [
    'evidence',
    'Five trades of evidence stand behind it',
    'Go on: below five the level stays provisional',
    ({ answer }) => answer.evidence >= 5,
  ],
  [
    'counterparties',
    'Three or more counterparties',
    'Sell to more buyers: one buyer again and again counts for little',
    ({ answer }) => answer.counterparties >= 3,
  ],
  [
    'independence',
    'The evidence is spread over three independent counterparties',
    'Sell to buyers with owners and purses of their own',
    ({ answer }) => answer.effectiveCounterparties >= 3,
  ],
  [
    'fulfilment',
    'At least 95 % fulfilled in 90 days',
    'Decline what cannot be done before it is funded',
    ({ answer }) => atLeast(answer.fulfillmentRate90d, 0.95),
  ],
  [
    'incidents',
    'No incident in 90 days',
    'Mend the cause; appeal what is wrong',
    ({ answer }) => answer.incidentCount90d === 0,
  ],
  [
    'penalties',
    'No penalty is open',
    'Deliver: penalties are forgiven by trusted deliveries, never by waiting',
    ({ answer }) => answer.penalties.length === 0,
  ],
  [
    'flags',
    'No flag stands',
    'Read the reasons at /trust/:id/explain and appeal what is wrong',
    ({ answer }) => answer.flags.length === 0,
  ],
  [
    'availability',
    'Availability is whole',
    'Recover within the grace and deliver in time',
    ({ answer }) => answer.health.availability === 100,
  ],
  [
    'bond',
    'A bond of tier 1 stands',
    'Stake 500 USDC or more in the vault',
    ({ answer }) => answer.bondTier >= 1,
  ],
  [
    'accuracy',
    'Accuracy is measured and at least 70',
    'Agree on criteria that code checks, and meet them',
    ({ answer }) => atLeast(answer.scoreBreakdown.accuracy, 70),
  ],
  [
    'self_audit',
    'The self-audit is measured and at least 70',
    'Report selfAuditScore, and report what the verifier will find',
    ({ answer }) => atLeast(answer.scoreBreakdown.selfAudit, 70),
  ],
  [
    'latency',
    'Latency is measured and at least 70',
    'Deliver before nine tenths of the time are used; ask for longer deadlines',
    ({ answer }) => atLeast(answer.scoreBreakdown.latency, 70),
  ],
]

/** The trust-readiness checklist of one agent, thirty lines, each with its remedy (GOV-12). */
export function trustReadiness(facts: ReadinessFacts): ReadinessCheck[] {
  return ROWS.map(([id, title, remedy, holds]) => ({ id, title, holds: holds(facts), remedy }))
}

/** The checklist without an agent: what the documentation lists. */
export const READINESS: readonly Omit<ReadinessCheck, 'holds'>[] = ROWS.map(
  ([id, title, remedy]) => ({ id, title, remedy }),
)
