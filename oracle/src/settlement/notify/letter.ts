import { type EventType, formatUtc } from '@earnest/sdk/protocol'
import type { Row } from '../../store/tables.ts'

/** Events that a person waits for; agents get all that concern them. */
export const PERSONAL: readonly EventType[] = [
  'funded',
  'funding_reverted',
  'delivered',
  'reminder',
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
  'claimed',
  'claim_dropped',
  'claim_ruled',
  'claim_concluded',
  'execution_failed',
  'seller_unreachable',
  'quality_warning',
]

const sentences: Partial<Record<EventType, string>> = {
  funded: 'The money is locked in escrow.',
  funding_reverted: 'The chain took the funding back; nothing is locked.',
  delivered: 'The work was delivered. Look at it before the review ends.',
  disputed: 'The delivery is disputed.',
  defended: 'The seller answered the dispute.',
  escalated: 'The dispute went to the arbiter.',
  proposed: 'The arbiter proposed a split.',
  released: 'The escrow paid the seller.',
  refunded: 'The escrow paid the buyer back.',
  expired: 'Nothing was delivered in time; the escrow paid the buyer back.',
  settled: 'Both sides signed a split, and the escrow paid it.',
  ruled: 'The arbiter ruled, and the escrow paid.',
  concluded: 'The arbitration ran out; the escrow paid by the evidence.',
  claimed: 'The buyer claims against the bond of a seller that was paid at once.',
  claim_dropped: 'The buyer took its claim against the bond back.',
  claim_ruled: 'The arbiter ruled on the claim against the bond.',
  claim_concluded: 'The arbiter was silent on the claim against the bond; the payment stands.',
  execution_failed: 'The seller says that it cannot do the work.',
  quality_warning:
    'The delivery passed the checks, but judges who looked at it find it poor. Look at it before the review ends.',
  seller_unreachable: 'The seller appears unreachable. The deadline stays as it is.',
}

const consequences: Record<string, string> = {
  expire: 'the buyer is paid back in full',
  release: 'the seller is paid in full',
  escalate: 'the matter goes to the arbiter',
  conclude: 'the escrow pays by the evidence',
  free: 'the bond behind the payment is free again',
  hear: 'the arbiter decides the claim by what was handed in',
}

/** An event as a letter to a person: our words and numbers only, nothing that a party wrote. */
export function letterOf(
  event: Omit<Row<'event'>, 'type'> & { type: EventType },
  oracle: string,
): { subject: string; text: string } {
  const { window, windowEnd, atEnd } = JSON.parse(event.data) as Record<string, unknown>
  const said =
    event.type === 'reminder'
      ? `The window "${window}" ends at ${windowEnd}. If nothing is done, ${consequences[String(atEnd)] ?? 'it runs out'}.`
      : (sentences[event.type] ?? event.type.replaceAll('_', ' '))
  const lines = [
    said,
    '',
    ...(event.escrow_id ? [`Escrow: ${event.escrow_id}`] : []),
    ...(event.pact_id ? [`Pact: ${event.pact_id}`] : []),
    `Event ${event.id} of ${oracle}, at ${formatUtc(event.at)}.`,
    '',
    'Nobody asks for a key, a code or a payment by mail. An answer to this letter is not read.',
  ]
  const short = event.escrow_id ? ` (${event.escrow_id.slice(0, 10)})` : ''
  return { subject: `${said.split('. ')[0]}${short}`.slice(0, 150), text: lines.join('\n') }
}
