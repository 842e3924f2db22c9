import { EarnestError } from './protocol/error.ts'

/**
 * A fetch for addresses that a stranger chose, such as a paywall or whoever talks to a model: who has to show a
 * certificate for its name is no service of a private network that happens to listen. Throws `url_refused`.
 */
export function overTls(fetch: typeof globalThis.fetch = globalThis.fetch): typeof fetch {
  return async (input, init) => {
    const { protocol } = new URL(input instanceof Request ? input.url : input)
    if (protocol !== 'https:') {
      throw new EarnestError('url_refused', 'Agents are reached by https only')
    }
    return await fetch(input, init)
  }
}
