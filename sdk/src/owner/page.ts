import { escapeHtml } from './escapeHtml.ts'
import { headingOf, type Letter } from './letter.ts'

/** What a page behind a link shows. */
export type Page =
  | { kind: 'link'; token: string; isDone: boolean }
  | { kind: 'answer'; token: string; isUsed: boolean; asking: boolean; letter: Letter }
  | { kind: 'said'; token: string; asking: boolean; letter: Letter }
  | { kind: 'fault'; code: string }

const STYLE =
  'body{font:1.1rem/1.5 system-ui;max-width:36rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}' +
  'button,input,textarea{font:inherit;padding:.5rem;margin:.25rem 0;max-width:100%;box-sizing:border-box}' +
  'textarea{width:100%}blockquote{border-left:.25rem solid;margin:1rem 0;padding-left:1rem}'

const labels: Record<string, string> = {
  refund: 'Pay the buyer back',
  cancel: 'Cancel',
  defend: 'Defend, with this explanation',
  say: 'Say this to the other side',
}
const faults: Record<string, string> = {
  invalid_token: 'This is no link of ours, or it was cut off.',
  token_expired: 'This link is no longer good.',
  token_used: 'This link was used already. The next letter has another one.',
  text_missing: 'Write the text first, then order.',
}

/** A page for a person: no script, no picture, nothing from anywhere else; every word escaped. */
export function pageOf(page: Page, url: string): string {
  const { title, body } = contentOf(page, url)
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>`,
    `<body><main><h1>${escapeHtml(title)}</h1>${body}</main></body></html>`,
  ].join('')
}

function contentOf(page: Page, url: string): { title: string; body: string } {
  switch (page.kind) {
    case 'link': {
      if (page.isDone) {
        return { title: 'This mailbox is linked', body: paragraph('You may close this page.') }
      }
      const why = paragraph(
        'Alerts of an agent would come to this mailbox, and be answered from it.',
      )
      const button = form(url, page.token, '<button>Yes, this is my mailbox</button>')
      return { title: 'Is this your mailbox?', body: why + button }
    }
    case 'answer': {
      const { letter, token, isUsed, asking } = page
      const orders = isUsed
        ? paragraph('This link was used already.')
        : ordersOf(letter, url, token)
      const body = bodyOf(letter) + (asking ? codeForm(url, token) : orders)
      return { title: headingOf(letter), body }
    }
    case 'said': {
      const { letter, token, asking } = page
      const body = bodyOf(letter) + (asking ? codeForm(url, token) : '')
      return { title: headingOf(letter), body }
    }
    case 'fault':
      return {
        title: 'Nothing was done',
        body: paragraph(faults[page.code] ?? `It could not be done (${page.code}).`),
      }
  }
}

function bodyOf({ lines, quote }: Letter): string {
  const quotation = quote
    ? `${paragraph(`${quote.by}:`)}<blockquote>${escapeHtml(quote.text)}</blockquote>`
    : ''
  return lines.map(paragraph).join('') + quotation
}

function ordersOf({ commands }: Letter, url: string, token: string): string {
  const verbs = commands.map((each) => each.split(' ')[0] ?? '').filter((verb) => verb in labels)
  return [...verbs, 'note'].map((verb) => orderForm(verb, url, token)).join('')
}

function orderForm(verb: string, url: string, token: string): string {
  const hidden = `<input type="hidden" name="verb" value="${verb}">`
  const label = labels[verb] ?? 'Leave a note for the agent'
  if (verb === 'refund' || verb === 'cancel') {
    return form(url, token, `${hidden}<button>${label}</button>`)
  }
  const area = `<label>${label}<textarea name="text" rows="3" maxlength="8000" required></textarea></label>`
  return form(url, token, `${hidden}${area}<button>Send</button>`)
}

function codeForm(url: string, token: string): string {
  const input =
    '<input name="code" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" autocomplete="one-time-code" required>'
  return form(
    url,
    token,
    `<label>The code from your mailbox ${input}</label> <button>Do it</button>`,
  )
}

function form(url: string, token: string, inner: string): string {
  const hidden = `<input type="hidden" name="t" value="${escapeHtml(token)}">`
  return `<form method="post" action="${escapeHtml(url)}">${hidden}${inner}</form>`
}

function paragraph(text: string): string {
  return `<p>${escapeHtml(text)}</p>`
}
