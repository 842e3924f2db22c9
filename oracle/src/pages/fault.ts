import { sentenceOf } from './client/sentence.ts'
import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'

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
