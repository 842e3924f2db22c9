import * as z from 'zod'
import { word } from './address.ts'
import { encode } from './decode.ts'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { hash } from './hash.ts'
import { jsonObject } from './json.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { signature, verifyBody } from './signature.ts'
import { signedObject } from './signedObject.ts'
import { utc } from './time.ts'

/** What the oracle tells; `funded` is the one authoritative payment signal (TOL-05, TOL-06). */
export const eventTypeSchema = z.enum([
  'agent_registered',
  'key_rotated',
  'agent_frozen',
  'offer_taken',
  'pact_registered',
  'pact_cancelled',
  'funding_seen',
  'funded',
  'funding_reverted',
  'completion_received',
  'delivered',
  'attested',
  'disputed',
  'defended',
  'escalated',
  'proposed',
  'released',
  'refunded',
  'expired',
  'settled',
  'ruled',
  'concluded',
  'amended',
  'claimed',
  'claim_dropped',
  'claim_ruled',
  'claim_concluded',
  'bond_freed',
  'execution_failed',
  'seller_unreachable',
  'seller_recovered',
  'reminder',
  'evidence_added',
  'split_offered',
  'verdict_reached',
  'pool_anchored',
  'appealed',
  'panel_opened',
  'panel_drawn',
  'member_struck',
  'panel_closed',
  'spot_checked',
  'quality_warning',
  'score_changed',
  'bond_review',
])
export type EventType = z.infer<typeof eventTypeSchema>

/** One fact, numbered without gaps per oracle so that a listener can resume. */
export const eventBodySchema = signedObject({
  id: z.int().min(1),
  type: eventTypeSchema,
  at: utc,
  oracle: did,
  /** Whom it concerns. */
  agents: z.array(did).max(20),
  pactId: hash.nullable(),
  escrowId: word.nullable(),
  data: jsonObject,
})
export type EventBody = z.output<typeof eventBodySchema>

/** The signed event (signature type "event" over all other fields). */
export const eventSchema = eventBodySchema.extend({ signature })
export type OracleEvent = z.output<typeof eventSchema>

/** Checks that this oracle said it. Throws `invalid_event`. */
export function verifyEvent(
  event: OracleEvent,
  { oracle, keyOf = ownKey }: { oracle: string; keyOf?: KeyResolver },
): void {
  const { signature, ...body } = event
  const wire = encode(eventBodySchema, body, 'invalid_event')
  const publicKey = keyOf(oracle, body.at)
  const known = body.oracle === oracle
  if (!known || !verifyBody({ type: 'event', body: wire, signature, publicKey })) {
    throw new EarnestError('invalid_event', 'Not signed by the oracle')
  }
}
