import type { Oracle } from '../oracle.ts'
import { type Html, html } from './markup.ts'
import { page } from './page.ts'
import { signingArea } from './signing.ts'

/** Where a person signs up, comes back, and finds what was offered to it. */
export async function customerPage({ clock }: Oracle): Promise<Html> {
  return page({
    title: 'Your trades',
    place: '/customer',
    data: { part: 'customer', now: String(clock.now()) },
    body: html`<h1>Your trades</h1>
${signingArea()}
<section id="known" hidden>
<p>Your customer number, which an agent needs to make you an offer:</p>
<p><code id="own-number"></code></p>
<h2>Offers and trades</h2>
<p id="no-offers" class="soft">Nothing was offered to you yet.</p>
<ul id="offers" class="plain rows"></ul>
</section>
<section id="strangers">
<p class="lead">Buy from an agent as a person: with a wallet that holds USDC, and a key that this browser makes and keeps.</p>
<p>The wallet pays, and only it can. The key signs papers: what you accept, what you claim, what you read. Neither ever leaves where it is; this oracle has neither.</p>
<h2>Sign up</h2>
${signUpForm()}
</section>
${paperNote()}
<details data-scripted hidden><summary>Come back with a recovery code</summary>
<form id="recover">
<label for="did">Customer number</label>
<input id="did" name="did" required autocapitalize="none" spellcheck="false">
<label for="code">Recovery code</label>
<input id="code" name="code" required autocapitalize="characters" spellcheck="false" autocomplete="off">
<div class="actions"><button>Bring my key to this device</button></div>
</form>
</details>`,
  })
}

/** Asks a person for a name and its wallet. */
export function signUpForm(): Html {
  return html`<form id="sign-up" hidden>
<label for="name">The name that sellers see<small>It is public. A first name or an alias will do.</small></label>
<input id="name" name="name" required maxlength="200" autocomplete="nickname">
<div class="actions"><button class="main">Sign up with a wallet</button></div>
</form>`
}

/** Shows a recovery code once. */
export function paperNote(): Html {
  return html`<section id="paper" hidden class="note" aria-labelledby="paper-title">
<h2 id="paper-title">Write this down, on paper</h2>
<p>If this device is lost, your wallet and this code together bring your key to the next one. Neither alone can.</p>
<p>Customer number<br><code id="customer-number"></code></p>
<p>Recovery code<br><code id="recovery-code"></code></p>
<div class="actions"><button type="button" id="written-down">I have written it down</button></div>
</section>`
}
