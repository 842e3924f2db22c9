import { decode, encode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import type { Identity } from '../protocol/identity.ts'
import { PACT_EXTENSION, TRUST_EXTENSION } from '../protocol/message.ts'
import { formatUsdc } from '../protocol/money.ts'
import { agentCardSchema } from './agentCard.ts'
import {
  type PactParams,
  pactParamsSchema,
  type TrustParams,
  trustParamsSchema,
} from './extension.ts'
import { signCard } from './signCard.ts'
import { sourceCardSchema } from './sourceCard.ts'

/** One thing that an agent does for money. */
export interface SkillFacts {
  /** Capability id. */
  id: string
  name: string
  description: string
  tags?: readonly string[]
}

/** What an agent says of itself, once, for both cards. */
export interface AgentFacts {
  name: string
  description: string
  /** Semantic version. */
  version: string
  /** Absolute URL of the A2A endpoint. */
  endpoint: string
  skills: readonly SkillFacts[]
  trade: PactParams
  trust: Omit<TrustParams, 'did'>
  provider?: { organization: string; url: string }
  documentationUrl?: string
}

/** Both cards as wire JSON, ready to serve. */
export interface Cards {
  /** A2A 1.0, for `/.well-known/agent-card.json`. */
  agentCard: object
  /** The source document's shape, for `/.well-known/agent.json`. */
  sourceCard: object
}

/**
 * Writes the two cards of one agent from the same facts and signs both (W-50, DIS-01 to DIS-15). The
 * optional bearer token stands in the extension's page, not in `securitySchemes`: a2a-js 1.3 loses those
 * while it verifies, and every signature of a card that has them fails there.
 * Throws `invalid_card` for facts that a card cannot carry.
 */
export function publish({ facts, identity }: { facts: AgentFacts; identity: Identity }): Cards {
  const { name, description, version, endpoint, skills, trade, trust } = facts
  const pact = encode(pactParamsSchema, trade, 'invalid_card')
  const who = encode(trustParamsSchema, { ...trust, did: identity.did }, 'invalid_card')
  const extensions = [
    {
      uri: PACT_EXTENSION,
      description: 'Signed pacts, USDC escrow and verified delivery',
      required: true,
      params: pact,
    },
    { uri: TRUST_EXTENSION, description: 'Identity, keys and trust record', params: who },
  ]

  const agentCard = {
    name,
    description,
    version,
    supportedInterfaces: ['1.0', '0.3'].map((protocolVersion) => ({
      url: endpoint,
      protocolBinding: 'JSONRPC',
      protocolVersion,
    })),
    ...(facts.provider && { provider: facts.provider }),
    ...(facts.documentationUrl && { documentationUrl: facts.documentationUrl }),
    capabilities: { streaming: true, extensions },
    defaultInputModes: [...trade.inputFormats],
    defaultOutputModes: [...trade.outputFormats],
    skills: skills.map((skill) => ({
      id: skill.id,
      name: skill.name,
      description: skill.description,
      tags: [...(skill.tags ?? [skill.id])],
    })),
  }
  const sourceCard = {
    name,
    description,
    version,
    capabilities: skills.map(({ id }) => id),
    inputFormats: [...trade.inputFormats],
    outputFormats: [...trade.outputFormats],
    pricing: {
      currency: trade.pricing.currency,
      perTask: Number(formatUsdc(trade.pricing.perTask)),
      complex: Number(formatUsdc(trade.pricing.complex)),
    },
    sla: trade.sla,
    armaloTrustId: identity.did,
    ...(trust.trustScoreUrl !== undefined && { armaloTrustScoreUrl: trust.trustScoreUrl }),
    ...(trust.verified !== undefined && { armaloVerified: trust.verified }),
    ...(trust.bondTier !== undefined && { bondTier: trust.bondTier }),
    endpoint,
    extensions,
  }
  decode(agentCardSchema, agentCard, 'invalid_card')
  decode(sourceCardSchema, sourceCard, 'invalid_card')
  return {
    agentCard: signCard(plain(agentCard), identity),
    sourceCard: signCard(plain(sourceCard), identity),
  }
}

/** What every A2A library reads alike: ASCII, and no empty text, list, object or null, which some of them drop. */
function plain<C extends object>(card: C): C {
  check(card)
  return card
}

function check(value: unknown): void {
  if (value === null || value === '') refuse('an empty value')
  if (typeof value === 'string' && !/^[\x20-\x7e]*$/.test(value)) refuse('text beyond ASCII')
  if (typeof value !== 'object') return
  const members = Object.entries(value)
  if (members.length === 0) refuse('an empty list or object')
  for (const [, member] of members) check(member)
}

function refuse(what: string): never {
  throw new EarnestError('invalid_card', `A card cannot carry ${what}`)
}
