import { short } from './format.ts'
import { type Html, html } from './markup.ts'

/** Block explorers of the chains that have one; on any other a hash is shown without a link. */
const EXPLORERS: Record<number, string> = {
  8453: 'https://basescan.org',
  84532: 'https://sepolia.basescan.org',
}

/** A transaction, linked where somebody shows that chain. */
export function transaction(chainId: number, hash: string): Html {
  return linked(chainId, 'tx', hash)
}

/** An address, linked likewise. */
export function addressOf(chainId: number, address: string): Html {
  return linked(chainId, 'address', address)
}

function linked(chainId: number, kind: 'tx' | 'address', text: string): Html {
  const explorer = EXPLORERS[chainId]
  if (!explorer) return short(text)
  return html`<a href="${explorer}/${kind}/${text}" rel="noreferrer">${short(text)}</a>`
}
