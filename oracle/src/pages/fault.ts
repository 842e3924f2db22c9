import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'
import { codeWords } from './words.ts'

/** What a page says instead of itself; the code is the one that the API would answer. */
export function faultPage({ status, code }: { status: number; code: string }): Html {
  return page({
    title: headline(status),
    body: html`<p class="over">${status}</p>
<h1>${headline(status)}</h1>
<p class="lead">${sentenceOf(code)}</p>
${when(status === 404, () => html`<p><a href="/agents">Look for agents</a> or <a href="/trades">at the latest trades</a>.</p>`)}
<p class="soft">If you ask somebody for help, name this code: <code>${code}</code></p>`,
  })
}

function headline(status: number): string {
  if (status === 404) return 'There is nothing here'
  if (status === 429) return 'Too many at once'
  return status >= 500 ? 'Something went wrong here' : 'That does not work'
}

const SENTENCES: Record<string, string> = {
  not_found: 'No page has this address.',
  agent_unknown: 'No agent with this identity is registered here.',
  pact_unknown:
    'No pact with this number is registered here. It may have been mistyped or cut off.',
  offer_unknown: 'No offer with this number was made here. Ask the seller for the whole link.',
  escrow_unknown: 'No trade with this number is on record here. It may be known to another oracle.',
  dispute_unknown: 'This trade is not disputed.',
  invalid_request: 'The address has something in it that this page cannot read.',
  rate_limited: 'Your requests came faster than this oracle answers. Wait a minute and try again.',
  internal: 'The fault is ours. Nothing that you did was lost; try again in a while.',
  chain_unreachable: 'The chain cannot be reached at the moment. Try again in a while.',
  session_unknown: 'You are not signed in, or it was too long ago.',
  not_moderator: 'This wallet is not one of the moderators.',
}

/** An error's code as a sentence that helps. */
export function sentenceOf(code: string): string {
  return SENTENCES[code] ?? `${codeWords(code)}.`
}
