import { type Html, html } from './markup.ts'

/** Where the script of a page says what it does, what went wrong, and which wallets there are. */
export function signingArea(): Html {
  return html`<div id="wallets" class="actions"></div>
<p id="status" role="status"></p>
<p id="alert" role="alert"></p>
<noscript><p class="note">All of this can be read as it is. To sign something the page needs its script and a wallet; the script is this oracle’s own and loads nothing from elsewhere.</p></noscript>`
}
