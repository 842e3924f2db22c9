import type { Generated, Insertable, Selectable } from 'kysely'

/** Every transition: append-only, hash-chained and signed. */
export type JournalTable = {
  seq: number
  /** Unix seconds of the reference clock. */
  at: number
  action: string
  subject: string
  /** Canonical JSON. */
  data: string
  /** Makes an entry happen at most once. */
  key: string | null
  prev: string
  hash: string
  signature: string
}

/** What the trust model learns, in the order in which it became known. */
export type FactTable = { seq: number; fact: string }

/** A credential that this oracle gave out. */
export type CredentialTable = {
  id: string
  did: string
  role: string
  domain: string
  /** Signed JSON as it went out. */
  body: string
  issued_at: number
  expires_at: number
  revoked_at: number | null
  reason: string | null
}

/** The latest record that an agent brought from one issuer. */
export type ImportTable = {
  did: string
  issuer: string
  credential_id: string
  evidence_root: string
  /** Signed JSON as it came. */
  body: string
  valid_from: number
  weight: number
  /** Counts before this instant. */
  until: number
  /** When its issuer is asked again. */
  ask_at: number
}

/** A signed root of the event set and where it stands on a chain. */
export type AnchorTable = {
  size: number
  event_root: string
  as_of: number
  /** The signed statement, canonical JSON. */
  statement: string
  chain: string
  reference: string | null
}

/** What listeners are told, numbered without gaps; written with the journal entry of the same fact. */
export type EventTable = {
  id: number
  type: string
  at: number
  agents: string[]
  pact_id: string | null
  escrow_id: string | null
  /** Canonical JSON. */
  data: string
  signature: string
}

export type JobTable = {
  id: Generated<number>
  queue: string
  key: string
  payload: string
  attempts: Generated<number>
  run_at: Generated<Date>
  leased_until: Date | null
  lease_token: string | null
  error: string | null
  failed: Generated<boolean>
}

export type LeaseTable = { name: string; holder: string; epoch: number; until: Date }

export type RequestNonceTable = {
  signer: string
  nonce: string
  key: string
  request_hash: string
  expires_at: number
}

export type IdempotencyTable = {
  signer: string
  key: string
  request_hash: string
  status: number | null
  body: string | null
  created_at: number
}

export type AgentTable = {
  did: string
  wallet: string
  /** As it was sent, canonical JSON. */
  registration: string
  /** Verified periods of its keys, JSON; null: the DID's own key counts for ever. */
  keys: string | null
  key_log: string | null
  capabilities: string[]
  status: 'active' | 'frozen' | 'retired'
  registered_at: number
  /** Last signed protocol action; a query or a heartbeat never moves it. */
  active_at: number | null
  heartbeat_at: number | null
  /** True while the silence was told to the buyers that wait. */
  silent: boolean
}

export type PactTable = {
  pact_id: string
  buyer_did: string
  seller_did: string
  capability: string
  nonce: string
  subjective: boolean
  /** The signed pact as it was registered, canonical JSON. */
  signed_pact: string
  registered_at: number
  /** Unix seconds at which the seller took its offer back; null while it stands. */
  cancelled_at: number | null
  /** Base units that the seller's own list asked for the whole at registration; null without a list. */
  list_price: string | null
  /** The seller's words, for the parties. */
  cancel_reason: Generated<string | null>
  /** Let in above the seller's limit, as new terms for money that is locked. */
  amends: Generated<boolean>
}

/** A pact that its seller signed and left for the customer, canonical JSON with that signature. */
export type OfferTable = {
  pact_id: string
  seller_did: string
  buyer_did: string
  offer: string
  /** Unix seconds from which nobody can accept it any more. */
  accept_by: number
  offered_at: number
  /** Unix seconds at which the seller took it back. */
  withdrawn_at: Generated<number | null>
  /** Of an open offer: the customer who has it, its wallet, until when, and its pact once confirmed. */
  claim_by: Generated<string | null>
  claim_wallet: Generated<string | null>
  claim_until: Generated<number | null>
  claim_pact: Generated<string | null>
}

/** A seller whose time to reply is measured: when it was asked last, and when it is next. */
export type ReplyProbeTable = {
  did: string
  /** Unix seconds. */
  begun_at: number
  next_at: number
  /** By the database's clock: a process asks it now. */
  leased_until: Date | null
}

/** An escrow id that a registered pact derives: one row for each milestone. */
export type LockTable = {
  escrow_id: string
  pact_id: string
  milestone: number
  amount: string
  fund_by: number
  terms: string
}

export type FailureTable = {
  pact_id: string
  escrow_id: string
  did: string
  code: Generated<string>
  /** The seller's words, for the parties. */
  reason: string
  at: number
}

export type BlockTable = { number: number; hash: string; timestamp: number }

export type LogTable = {
  block_number: number
  log_index: number
  block_hash: string
  tx_hash: string
  timestamp: number
  escrow_id: string
  /** Topics and data as the chain has them, JSON. */
  raw: string
}

export type EscrowTable = {
  escrow_id: string
  state: string
  buyer: string
  seller: string
  arbiter: string
  amount: string
  timer_end: number
  funded_at: number
  funded_block: number
  updated_block: number
  /** Something is still to be announced once the chain is sure: the funding or the end. */
  awaits: boolean
  /** Unix seconds at which whoever is awaited is reminded next. */
  remind_at: number | null
  /** The whole folded state, canonical JSON with decimal strings for big numbers. */
  body: string
}

/** Up to which block something beside the escrow was read. */
export type CursorTable = { name: string; block: number }

/** A seller's bond in the vault as last read, by wallet, and what the seller has open; base units. */
export type BondTable = {
  wallet: string
  staked: string
  free: string
  at: number
  open: Generated<string>
}

/** What was announced stays when the index is rebuilt, so that nothing is announced twice. */
export type AnnouncementTable = {
  escrow_id: string
  block_hash: string
  times: number
  reverted: boolean
}

export type CompletionTable = {
  escrow_id: string
  round: number
  pact_id: string
  artifact_hash: string
  manifest: string
  proof: string
  received_at: number
  status: string
  result: string | null
  report: string | null
  report_hash: string | null
  error: string | null
  /** Who checks it now; one check at a time, by the database's clock. */
  check_token: Generated<string | null>
  checked_until: Generated<Date | null>
}

/** Written before any attestor signs: one result for an escrow and round, for ever. */
export type AttestationTable = {
  escrow_id: string
  round: number
  result: string
  artifact_hash: string
  report_hash: string
  logged_at: number
}

export type SubmissionTable = {
  key: string
  escrow_id: string
  request: string
  status: string
  sender: string | null
  nonce: number | null
  raw: string | null
  tx_hash: string | null
  /** Every hash it was ever broadcast under; one of them is mined. */
  hashes: string[]
  error: string | null
  attempts: Generated<number>
  created_at: number
  /** How often the chain refused it. */
  tries: Generated<number>
  /** Refusals after which it is left to the operator. */
  max_tries: number
  /** Nobody wants it any more once the escrow's `seq` is above this; null: until the escrow ends. */
  seq: number | null
}

export type SenderTable = { address: string; next_nonce: number }

/** Gas relayed for an agent in a day, for a stranger ever (day -1), for all in an hour. */
export type RelayTable = { did: string; day: number; gas: string }
export type RelayHourTable = { hour: number; gas: string; strangers: string }

/** CPU time that the examiner spent in an hour on what an agent handed in. */
export type ExamTimeTable = { did: string; hour: number; milliseconds: number }

/** Bytes that were refused as what they were declared as, by which engine and why. */
export type RefusalTable = {
  sha256: string
  mime: string
  engine: string
  fault: string
  at: number
}

export type BlobTable = {
  id: string
  sha256: string | null
  size: number
  sealed_key: Uint8Array
  created_at: number
  /** In which blob store its bytes lie. */
  home: Generated<string>
}

export type BlobChunkTable = { blob_id: string; n: number; data: Uint8Array }

export type ArtifactTable = {
  escrow_id: string
  name: string
  sha256: string
  size: number
  blob_id: string
  uploaded_by: string
  uploaded_at: number
}

/** A blob of the oracle's own making that a hash on record names; it is kept as long as its escrow's files. */
export type PaperTable = {
  escrow_id: string
  sha256: string
  blob_id: string
  kind: string
  kept_at: number
}

export type GrantTable = {
  token_hash: string
  escrow_id: string
  round: number
  name: string
  mime: string
  blob_id: string
  did: string
  granted_at: number
  expires_at: number
  /** Null as long as its holder has not ended it. */
  revoked_at: number | null
  /** The request as its reader signed it, canonical JSON; null from before it was kept. */
  request: Generated<string | null>
}

/** A file that was read to its end; its grant may be gone. */
export type ReadReceiptTable = {
  grant_id: string
  escrow_id: string
  round: number
  name: string
  mime: string
  size: number
  sha256: string
  did: string
  read_at: number
  request: Generated<string | null>
}

/** A round that is disputed; the defence as it was signed, once it is handed in. */
export type DisputeTable = {
  escrow_id: string
  round: number
  opened_at: number
  defence: string | null
  defence_hash: string | null
  defended_at: number | null
  package_hash: string | null
}

/** A claim as it was signed; each side may file one in a round. */
export type ClaimTable = {
  escrow_id: string
  round: number
  disputed_by: string
  claim: string
  claim_hash: string
  filed_at: number
}

export type EvidenceTable = {
  escrow_id: string
  round: number
  sha256: string
  submitted_by: string
  content: string
  verified: boolean
  at: number
}

/** A party's signed consent to a split; the last of each. */
export type SplitOfferTable = {
  escrow_id: string
  did: string
  seller_bps: number
  seq: number
  consent: string
  valid_before: number
  offered_at: number
}

/** A moderator's signed decision about a round; with enough of the same it goes on chain. */
export type DecisionTable = {
  escrow_id: string
  round: number
  /** Lower case. */
  moderator: string
  seller_bps: number
  reason: string
  record_hash: string
  signature: string
  decided_at: number
}

/** A moderator who signed in; only hashes of what the browser holds. */
export type SessionTable = {
  token_hash: string
  /** Of the statement that was signed: each opens one session. */
  nonce: string
  moderator: string
  expires_at: number
}

/** A verdict with everything by which it can be recomputed. */
export type VerdictTable = {
  escrow_id: string
  round: number
  record_hash: string
  record: string
  at: number
}

/** A passed delivery that was drawn for a look by the jury, and what came of it; one for each round. */
export type SpotCheckTable = {
  escrow_id: string
  round: number
  seller_did: string
  draw: number
  rate_bps: number
  rate_table: string
  seed_block: number
  seed_hash: string
  drawn_at: number
  status: 'drawn' | 'heard' | 'not_heard'
  code: Generated<string | null>
  quality_bps: Generated<number | null>
  poor: Generated<boolean>
  /** A ruling on the same round took the finding's place. */
  withdrawn: Generated<boolean>
  record_hash: Generated<string | null>
  record: Generated<string | null>
  decided_at: Generated<number | null>
}

/** What a flagged agent said against a flag, one for each time that the flag was raised. */
export type FlagAppealTable = {
  flag_id: string
  did: string
  raised_at: number
  at: number
  statement: string
  status: 'open' | 'upheld' | 'rejected'
  decided_at: Generated<number | null>
  reason: Generated<string | null>
}

/** Who wants to be told where; `cursor` is the last event that was dealt with. */
export type WebhookTable = {
  id: string
  did: string
  url: string
  types: string[] | null
  status: 'unconfirmed' | 'active' | 'stopped'
  cursor: number
  attempts: Generated<number>
  /** Unix seconds of the reference clock before which nothing is tried. */
  next_at: number
  answer: Generated<string | null>
  failed_event: Generated<number | null>
  failed_at: Generated<number | null>
  /** Of the code that a mailbox has to send back. */
  code_hash: Generated<string | null>
  code_tries: Generated<number>
  created_at: number
  leased_until: Generated<Date | null>
  lease_token: Generated<string | null>
}

/** That an event reached a party, with what the receiver answered. */
export type NoticeTable = {
  webhook_id: string
  event_id: number
  did: string
  escrow_id: string | null
  channel: string
  address_hash: string
  at: number
  answer: string
}

/** A silence of a seller while an escrow was funded; one row for each silence of each escrow. */
export type OutageTable = {
  escrow_id: string
  did: string
  heartbeat_at: number
  noticed_at: number
  recovered_at: number | null
}

/** A known answer that was put to the judges, with what each model said (JSON). */
export type ProbeTable = { seq: Generated<number>; id: string; answer: boolean; votes: string }

/** A checker or held-out data set that a pact names by its hash, sealed like an artifact. */
export type DepositTable = { pact_id: string; sha256: string; blob_id: string }

/** An end that the chain will not take back, with its signed receipt; `seq` is the order in which it became known. */
export type SettlementTable = {
  seq: Generated<number>
  escrow_id: string
  pact_id: string
  buyer_did: string
  seller_did: string
  capability: string
  /** False: it moves no score (design.md section 5, what counts). */
  counts: boolean
  receipt: string
  settled_at: number
}

/** What an arbiter or its committee said of an escrow, as the chain has it. */
export type DocketLogTable = {
  block_number: number
  log_index: number
  block_hash: string
  tx_hash: string
  timestamp: number
  escrow_id: string
  /** Topics and data, JSON. */
  raw: string
}

/** Those logs folded: where a dispute stands above its escrow. */
export type DocketTable = { escrow_id: string; stage: string; body: string }

/** What the vault said of the reservation of one escrow, as the chain has it. */
export type RecourseLogTable = DocketLogTable

/** Those logs folded: what the buyer of a release at once still has. */
export type RecourseTable = {
  escrow_id: string
  state: string
  /** Unix seconds from which on anyone may end it; null once it is over. */
  due_at: number | null
  /** Unix seconds at which whoever is awaited is reminded next. */
  remind_at: number | null
  /** Its end is still to be told once the chain is sure of it. */
  awaits: boolean
  updated_block: number
  /** The whole folded state, canonical JSON with decimal strings for big numbers. */
  body: string
}

/** Who ever joined a committee; whether it still may be drawn, the contract knows. */
export type MemberTable = { committee: string; wallet: string }

/** The first transfers into an agent's wallet, read up to `block` (lower case; transfers as JSON). */
export type OriginTable = {
  wallet: string
  block: number
  incoming: string
  /** Who funded it, as the trust model was told. */
  funder: string | null
  since: number
  done: boolean
}

/** What was told last of an agent's score (JSON). */
export type ScoreTable = { did: string; published: string; at: number }

/** A committee pool, on record before it was signed; addresses lower case. */
export type PoolTable = {
  committee: string
  number: number
  root: string
  arbiter: string
  capability: string
  total: string
  /** The leaves. */
  members: string
  scorer: string
  event_root: string
  planned_at: number
  anchored_at: number | null
}

export type Tables = {
  journal: JournalTable
  event: EventTable
  fact: FactTable
  credential: CredentialTable
  import: ImportTable
  anchor: AnchorTable
  job: JobTable
  lease: LeaseTable
  request_nonce: RequestNonceTable
  idempotency: IdempotencyTable
  agent: AgentTable
  pact: PactTable
  offer: OfferTable
  reply_probe: ReplyProbeTable
  lock: LockTable
  failure: FailureTable
  block: BlockTable
  log: LogTable
  escrow: EscrowTable
  announcement: AnnouncementTable
  cursor: CursorTable
  bond: BondTable
  completion: CompletionTable
  attestation: AttestationTable
  submission: SubmissionTable
  sender: SenderTable
  relay: RelayTable
  relay_hour: RelayHourTable
  exam_time: ExamTimeTable
  refusal: RefusalTable
  blob: BlobTable
  blob_chunk: BlobChunkTable
  artifact: ArtifactTable
  paper: PaperTable
  grant: GrantTable
  read_receipt: ReadReceiptTable
  dispute: DisputeTable
  claim: ClaimTable
  evidence: EvidenceTable
  deposit: DepositTable
  verdict: VerdictTable
  spot_check: SpotCheckTable
  flag_appeal: FlagAppealTable
  split_offer: SplitOfferTable
  decision: DecisionTable
  session: SessionTable
  probe: ProbeTable
  webhook: WebhookTable
  notice: NoticeTable
  outage: OutageTable
  settlement: SettlementTable
  docket_log: DocketLogTable
  docket: DocketTable
  recourse_log: RecourseLogTable
  recourse: RecourseTable
  member: MemberTable
  pool: PoolTable
  origin: OriginTable
  score: ScoreTable
}

export type Row<T extends keyof Tables> = Selectable<Tables[T]>
export type NewRow<T extends keyof Tables> = Insertable<Tables[T]>
