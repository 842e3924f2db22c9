import { isEarnestError, papersSchema } from '@earnest/sdk/protocol'
import { readAs } from './api.ts'
import type { Trade } from './bring.ts'
import { byId } from './say.ts'

/** The words of a dispute, for the party whose key is on this device; always as plain text. */
export async function showPapers({ person, escrowId, pact }: Trade): Promise<void> {
  const frame = document.getElementById('papers')
  if (!frame) return
  try {
    const papers = await readAs(await person(), `/escrows/${escrowId}/papers`, papersSchema)
    const who = (did: string) => (did === pact.buyer.did ? 'You' : 'The seller')
    for (const { body } of papers.claims) add(`${who(body.disputedBy)} wrote`, body.claim)
    if (papers.defence) add('The seller answered', papers.defence.body.explanation)
    for (const { submittedBy, type, content, verified } of papers.evidence) {
      const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2)
      add(
        `${who(submittedBy)} handed in${verified && type !== 'specific_claim' ? ', and it matches the record' : ''}`,
        text,
      )
    }
    if (papers.decision) add('The moderators decided', papers.decision.reason)
    frame.hidden = frame.childElementCount < 2
  } catch (error) {
    // Without the key of this trade the page stays what everybody sees.
    if (!isEarnestError(error)) throw error
  }

  function add(title: string, text: string): void {
    const head = document.createElement('h3')
    head.textContent = title
    const quote = document.createElement('blockquote')
    quote.textContent = text
    byId('papers').append(head, quote)
  }
}
