/** Each code that a person may meet, as a sentence that says what to do; pages and script share it. */
const SENTENCES: Record<string, string> = {
  not_found: 'No page has this address.',
  agent_unknown: 'No agent with this identity is registered here.',
  pact_unknown: 'No pact with this number is registered here. It may have been cut off.',
  offer_unknown: 'No offer with this number was made here. Ask the seller for the whole link.',
  offer_taken: 'Somebody else has this offer at the moment. Try again in a while.',
  offer_withdrawn: 'The seller took this offer back.',
  too_many_claims: 'You keep three offers from others already. Pay one of them in, or wait.',
  seller_silent:
    'The seller’s agent has not confirmed. Nothing was paid. Try again later, or ask the seller.',
  escrow_unknown: 'No trade with this number is on record here. Another oracle may know it.',
  dispute_unknown: 'This trade is not disputed.',
  invalid_request: 'Something in the address or the form cannot be read.',
  rate_limited: 'Requests came faster than this oracle answers. Wait a minute and try again.',
  internal: 'The fault is ours. Nothing that you did was lost; try again in a while.',
  chain_unreachable: 'The chain cannot be reached at the moment. Try again in a while.',
  oracle_unreachable: 'This oracle cannot be reached at the moment. Nothing was lost; try again.',
  session_unknown: 'You are not signed in, or it was too long ago. Sign in again.',
  not_moderator: 'This wallet is not one of the moderators.',
  form_forged: 'The form did not come from this page. Load it again.',
  wallet_missing:
    'No wallet was found in this browser. Install one, or open this page in the browser of your wallet.',
  wallet_refused: 'You declined in your wallet. Nothing was signed and nothing was paid.',
  wallet_wrong_chain:
    'Your wallet is on another network and did not change to the one of this trade.',
  wallet_failed: 'Your wallet answered with a fault. Nothing was paid; try again.',
  wrong_wallet:
    'The wallet that is connected is not the one of this offer. Choose the other account in your wallet and try again.',
  key_missing:
    'The key of this offer is not on this device. Open it where you signed up, or bring your key here with the recovery code under “Your trades”.',
  key_unsupported: 'This browser cannot keep the kind of key that is needed. Bring it up to date.',
  storage_refused:
    'This browser keeps nothing for this page. Leave private browsing and try again.',
  recovery_code_wrong: 'The recovery code does not fit. Look for a sign that was mistyped.',
  recovery_not_for_agent: 'This recovery code does not belong to this customer number.',
  insufficient_funds: 'There is too little USDC in the wallet. Nothing was paid.',
  fund_by_passed: 'It is too late to pay in: the offer has run out. Ask the seller for a new one.',
  registration_too_late: 'The offer has run out. Ask the seller for a new one.',
  deadline_passed: 'The deadline of the work has passed. Ask the seller for a new offer.',
  exposure_exceeded:
    'This seller is new here and has as much open work as it may. Try again when it has finished some.',
  pact_mismatch: 'What the oracle shows is not what its number says. Do not sign; tell the seller.',
  pact_hash_mismatch:
    'What the oracle shows is not what its number says. Do not sign; tell the seller.',
  invalid_seller_signature: 'The seller did not sign this. Do not pay.',
  did_immutable: 'This wallet is signed up already, with another key. Bring that key here.',
  wrong_state: 'The trade has moved on meanwhile. Load the page again.',
  review_window_over: 'The time to dispute is over.',
  dispute_exists: 'You have filed a claim about this delivery already.',
  dispute_over: 'The dispute is over.',
  not_delivered: 'Nothing was delivered yet.',
  no_such_rung: 'These terms name nobody to appeal to.',
  too_much_evidence: 'That is more than one side may hand in.',
  relay_reverted:
    'The contract refuses it: too late, done already, or another state. Load the page again.',
  relay_budget_exhausted:
    'The oracle pays no more network fees today; your wallet can send it itself.',
  authorization_expired: 'The signature has run out. Sign again.',
  invalid_consent: 'The wallet did not sign this split.',
  grant_expired: 'The link to the file has run out. Open the files again.',
  file_changed: 'The file is not the one that was delivered. Do not use it.',
  request_expired: 'The clock of this device is wrong by more than five minutes.',
  reason_missing: 'A decision needs its reason in writing.',
  decision_differs:
    'The other moderator decided otherwise. Talk to each other, then sign the same.',
  decision_closed: 'This case is not for a moderator any more.',
  rung_not_reached: 'It is not the moderator’s turn yet.',
}

/** An error's code as a sentence that helps; a code without its own is said as it is. */
export function sentenceOf(code: string): string {
  const known = Object.hasOwn(SENTENCES, code) ? SENTENCES[code] : undefined
  if (known !== undefined) return known
  const text = code.replaceAll('_', ' ')
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
