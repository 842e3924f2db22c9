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
  reason: string
  at: number
}

export type BlockTable = { number: number; hash: string; parent: string; timestamp: number }

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
  /** The whole folded state, canonical JSON with decimal strings for big numbers. */
  body: string
}

/** Up to which block something beside the escrow was read. */
export type CursorTable = { name: string; block: number }

/** A seller's bond in the vault as last read, by wallet; base units. */
export type BondTable = { wallet: string; staked: string; free: string; at: number }

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
}

export type SenderTable = { address: string; next_nonce: number }

export type RelayTable = { did: string; day: number; gas: string }

export type BlobTable = {
  id: string
  sha256: string | null
  size: number
  sealed_key: Uint8Array
  created_at: number
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

export type GrantTable = {
  token_hash: string
  escrow_id: string
  round: number
  name: string
  mime: string
  blob_id: string
  did: string
  expires_at: number
}

/** A round that is disputed; claim and defence as they were signed, once they are handed in. */
export type DisputeTable = {
  escrow_id: string
  round: number
  opened_at: number
  claim: string | null
  claim_hash: string | null
  defence: string | null
  defence_hash: string | null
  package_hash: string | null
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

/** A verdict with everything by which it can be recomputed. */
export type VerdictTable = {
  escrow_id: string
  round: number
  record_hash: string
  record: string
  at: number
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

export type Tables = {
  journal: JournalTable
  event: EventTable
  fact: FactTable
  job: JobTable
  lease: LeaseTable
  request_nonce: RequestNonceTable
  idempotency: IdempotencyTable
  agent: AgentTable
  pact: PactTable
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
  blob: BlobTable
  blob_chunk: BlobChunkTable
  artifact: ArtifactTable
  grant: GrantTable
  dispute: DisputeTable
  evidence: EvidenceTable
  deposit: DepositTable
  verdict: VerdictTable
  probe: ProbeTable
  settlement: SettlementTable
}

export type Row<T extends keyof Tables> = Selectable<Tables[T]>
export type NewRow<T extends keyof Tables> = Insertable<Tables[T]>
