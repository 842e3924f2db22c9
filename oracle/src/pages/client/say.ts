import { EarnestError, isEarnestError } from '@earnest/sdk/protocol'
import { sentenceOf } from './sentence.ts'

/** The element of an id. Throws where the page has none: that would be a fault of ours. */
export function byId<E extends HTMLElement = HTMLElement>(id: string): E {
  const element = document.getElementById(id)
  if (!element) throw new EarnestError('internal', `no #${id}`)
  return element as E
}

/** Says what is going on, to eyes and to screen readers. */
export function say(text: string): void {
  byId('status').textContent = text
}

/** Says what went wrong: a plain sentence, and the code for whoever is asked for help. */
export function sayError(error: unknown): void {
  const code = isEarnestError(error) ? error.code : 'internal'
  const alert = byId('alert')
  const detail = document.createElement('small')
  // What the contract itself said, by its own name.
  const cause = isEarnestError(error) ? error.details.error : undefined
  detail.textContent = ` (${typeof cause === 'string' ? `${code}, ${cause}` : code})`
  alert.replaceChildren(sentenceOf(code), detail)
  alert.scrollIntoView({ block: 'nearest' })
}

/** Shows a form and runs its work when it is sent, once at a time; the page then says how it went. */
export function onSubmit(id: string, work: (form: HTMLFormElement) => Promise<void>): void {
  const form = document.getElementById(id)
  if (!(form instanceof HTMLFormElement)) return
  const frame = form.closest<HTMLElement>('[data-scripted]') ?? form
  frame.hidden = false
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void run(form, () => work(form))
  })
}

async function run(form: HTMLFormElement, work: () => Promise<void>): Promise<void> {
  const buttons = document.querySelectorAll<HTMLButtonElement>('main button')
  byId('alert').replaceChildren()
  form.setAttribute('aria-busy', 'true')
  for (const button of buttons) button.disabled = true
  try {
    await work()
  } catch (error) {
    say('')
    sayError(error)
  } finally {
    form.removeAttribute('aria-busy')
    for (const button of buttons) button.disabled = false
  }
}

/** What stands in a field of a form. */
export function fieldOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name)
  return typeof value === 'string' ? value.trim() : ''
}
