import { EarnestError, isEarnestError, type Problem } from '@earnest/sdk/protocol'

/** Status of each code where 422 (well-formed, refused) is not the answer. */
const statusOf: Record<string, number> = {
  request_unsigned: 401,
  request_expired: 401,
  session_unknown: 401,
  invalid_request_signature: 401,
  key_not_valid: 401,
  key_log_frozen: 403,
  agent_retired: 403,
  agent_suspended: 403,
  signer_not_agent: 403,
  signer_not_party: 403,
  not_moderator: 403,
  form_forged: 403,
  not_found: 404,
  agent_unknown: 404,
  flag_unknown: 404,
  pact_unknown: 404,
  offer_unknown: 404,
  escrow_unknown: 404,
  dispute_unknown: 404,
  recourse_unknown: 404,
  record_unknown: 404,
  pool_unknown: 404,
  member_unknown: 404,
  webhook_unknown: 404,
  report_unknown: 404,
  artifact_unknown: 404,
  grant_unknown: 404,
  method_not_allowed: 405,
  did_immutable: 409,
  wallet_immutable: 409,
  nonce_reused: 409,
  request_replayed: 409,
  request_in_progress: 409,
  idempotency_key_reused: 409,
  pact_mismatch: 409,
  webhook_unconfirmed: 409,
  round_taken: 409,
  wrong_round: 409,
  wrong_state: 409,
  wrong_audience: 409,
  not_funded: 409,
  already_funded: 409,
  exposure_exceeded: 409,
  funding_not_final: 409,
  not_delivered: 409,
  already_attested: 409,
  dispute_exists: 409,
  defence_exists: 409,
  dispute_over: 409,
  review_window_over: 409,
  upload_raced: 409,
  grant_expired: 410,
  grant_revoked: 410,
  code_expired: 410,
  too_large: 413,
  unsupported_media_type: 415,
  invalid_json: 400,
  too_many_offers: 429,
  too_many_claims: 429,
  offer_taken: 409,
  offer_withdrawn: 409,
  rate_limited: 429,
  examiner_budget_spent: 429,
  relay_budget_exhausted: 429,
  too_many_at_once: 429,
  internal: 500,
  overloaded: 503,
  store_unreachable: 503,
  chain_unreachable: 503,
  verification_interrupted: 503,
  verification_pending: 503,
  too_few_attestors: 503,
  mail_unavailable: 503,
  mail_not_sent: 503,
}

/** An error as RFC 9457 problem details; only codes of our own leave the process. */
export function problemOf(error: unknown): Problem {
  if (!isEarnestError(error)) {
    return problemOf(new EarnestError('internal', 'Something went wrong here', { retryable: true }))
  }
  const { code, message, retryable, details } = error
  return {
    type: `urn:earnest:problem:${code}`,
    title: code.replaceAll('_', ' '),
    status: statusOf[code] ?? 422,
    code,
    detail: message,
    ...(retryable && { retryable }),
    ...(Object.keys(details).length > 0 && { details: plain(details) }),
  }
}

/** Details as JSON: amounts become decimal text. */
function plain(details: Readonly<Record<string, unknown>>): NonNullable<Problem['details']> {
  return JSON.parse(
    JSON.stringify(details, (_, value) => (typeof value === 'bigint' ? value.toString() : value)),
  )
}
