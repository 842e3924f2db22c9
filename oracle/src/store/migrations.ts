import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Numbers fit in int8; money is numeric; times are unix seconds, leases are the database's own clock. */
const first = `
create table journal (
  seq int8 primary key,
  at int8 not null,
  action text not null,
  subject text not null,
  data text not null,
  key text unique,
  prev text not null,
  hash text not null unique,
  signature text not null
);
create index journal_subject on journal (subject, seq);

create table event (
  id int8 primary key,
  type text not null,
  at int8 not null,
  agents text[] not null,
  pact_id text,
  escrow_id text,
  data text not null,
  signature text not null
);
create index event_agents on event using gin (agents);
create index event_pact on event (pact_id, id);
create index event_escrow on event (escrow_id, id);

create table fact (
  seq int8 primary key,
  fact text not null
);

create function journal_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the journal is append-only';
end $$;
create trigger journal_append_only before update or delete on journal
  for each row execute function journal_is_append_only();
create trigger event_append_only before update or delete on event
  for each row execute function journal_is_append_only();
create trigger fact_append_only before update or delete on fact
  for each row execute function journal_is_append_only();
create trigger journal_no_truncate before truncate on journal
  for each statement execute function journal_is_append_only();

create table job (
  id bigserial primary key,
  queue text not null,
  key text not null,
  payload text not null,
  attempts int4 not null default 0,
  run_at timestamptz not null default clock_timestamp(),
  leased_until timestamptz,
  lease_token text,
  error text,
  failed boolean not null default false,
  unique (queue, key)
);
create index job_due on job (queue, run_at) where not failed;

create table lease (
  name text primary key,
  holder text not null,
  epoch int8 not null,
  until timestamptz not null
);

create table request_nonce (
  signer text not null,
  nonce text not null,
  key text not null,
  request_hash text not null,
  expires_at int8 not null,
  primary key (signer, nonce)
);
create index request_nonce_expiry on request_nonce (expires_at);

create table idempotency (
  signer text not null,
  key text not null,
  request_hash text not null,
  status int4,
  body text,
  created_at int8 not null,
  primary key (signer, key)
);

create table agent (
  did text primary key,
  wallet text not null unique,
  registration text not null,
  keys text,
  key_log text,
  capabilities text[] not null,
  status text not null,
  registered_at int8 not null,
  active_at int8,
  heartbeat_at int8,
  silent boolean not null default false
);
create index agent_capability on agent using gin (capabilities);

create table pact (
  pact_id text primary key,
  buyer_did text not null,
  seller_did text not null,
  capability text not null,
  nonce text not null,
  subjective boolean not null,
  signed_pact text not null,
  registered_at int8 not null,
  cancelled_at int8,
  unique (buyer_did, nonce)
);
create index pact_seller on pact (seller_did);

create table lock (
  escrow_id text primary key,
  pact_id text not null references pact,
  milestone int4 not null,
  amount numeric(78, 0) not null,
  fund_by int8 not null,
  terms text not null,
  unique (pact_id, milestone)
);

create table failure (
  pact_id text not null references pact,
  escrow_id text not null,
  did text not null,
  reason text not null,
  at int8 not null,
  primary key (pact_id, escrow_id)
);

create table block (
  number int8 primary key,
  hash text not null,
  parent text not null,
  timestamp int8 not null
);

create table log (
  block_number int8 not null,
  log_index int4 not null,
  block_hash text not null,
  tx_hash text not null,
  timestamp int8 not null,
  escrow_id text not null,
  raw text not null,
  primary key (block_number, log_index, escrow_id)
);
create index log_escrow on log (escrow_id, block_number, log_index);

create table escrow (
  escrow_id text primary key,
  state text not null,
  buyer text not null,
  seller text not null,
  arbiter text not null,
  amount numeric(78, 0) not null,
  timer_end int8 not null,
  funded_at int8 not null,
  funded_block int8 not null,
  updated_block int8 not null,
  awaits boolean not null,
  body text not null
);
create index escrow_timer on escrow (state, timer_end);
create index escrow_awaits on escrow (funded_block) where awaits;

create table cursor (
  name text primary key,
  block int8 not null
);

create table bond (
  wallet text primary key,
  staked numeric(78, 0) not null,
  free numeric(78, 0) not null,
  at int8 not null
);

create table announcement (
  escrow_id text primary key,
  block_hash text not null,
  times int4 not null,
  reverted boolean not null
);

create table completion (
  escrow_id text not null,
  round int4 not null,
  pact_id text not null,
  artifact_hash text not null,
  manifest text not null,
  proof text not null,
  received_at int8 not null,
  status text not null,
  result text,
  report text,
  report_hash text,
  error text,
  primary key (escrow_id, round)
);

create table attestation (
  escrow_id text not null,
  round int4 not null,
  result text not null,
  artifact_hash text not null,
  report_hash text not null,
  logged_at int8 not null,
  primary key (escrow_id, round)
);

create table submission (
  key text primary key,
  escrow_id text not null,
  request text not null,
  status text not null,
  sender text,
  nonce int8,
  raw text,
  tx_hash text,
  hashes text[] not null default '{}',
  error text,
  attempts int4 not null default 0,
  created_at int8 not null
);
create index submission_open on submission (status);

create table sender (
  address text primary key,
  next_nonce int8 not null
);

create table relay (
  did text not null,
  day int8 not null,
  gas numeric(78, 0) not null,
  primary key (did, day)
);

create table blob (
  id text primary key,
  sha256 text unique,
  size int8 not null,
  sealed_key bytea not null,
  created_at int8 not null
);

create table blob_chunk (
  blob_id text not null references blob on delete cascade,
  n int4 not null,
  data bytea not null,
  primary key (blob_id, n)
);

create table artifact (
  escrow_id text not null,
  name text not null,
  sha256 text not null,
  size int8 not null,
  blob_id text not null references blob,
  uploaded_by text not null,
  uploaded_at int8 not null,
  primary key (escrow_id, name, sha256)
);

create table "grant" (
  token_hash text primary key,
  escrow_id text not null,
  round int4 not null,
  name text not null,
  mime text not null,
  blob_id text not null references blob,
  did text not null,
  expires_at int8 not null
);

create table dispute (
  escrow_id text not null,
  round int4 not null,
  opened_at int8 not null,
  claim text,
  claim_hash text,
  defence text,
  defence_hash text,
  package_hash text,
  primary key (escrow_id, round)
);

create table evidence (
  escrow_id text not null,
  round int4 not null,
  sha256 text not null,
  submitted_by text not null,
  content text not null,
  verified boolean not null,
  at int8 not null,
  primary key (escrow_id, round, sha256, submitted_by)
);

create table verdict (
  escrow_id text not null,
  round int4 not null,
  record_hash text not null,
  record text not null,
  at int8 not null,
  primary key (escrow_id, round, record_hash)
);

create table probe (
  seq bigserial primary key,
  id text not null,
  answer boolean not null,
  votes text not null
);

create table deposit (
  pact_id text not null references pact,
  sha256 text not null,
  blob_id text not null references blob,
  primary key (pact_id, sha256)
);

create table settlement (
  seq bigserial primary key,
  escrow_id text not null unique,
  pact_id text not null,
  buyer_did text not null,
  seller_did text not null,
  capability text not null,
  counts boolean not null,
  receipt text not null,
  settled_at int8 not null
);
create index settlement_buyer on settlement (buyer_did, seq);
create index settlement_seller on settlement (seller_did, seq);
`

/** One check at a time, calls that are tried again, a claim for each side, answers kept under seal. */
const guarded = `
alter table completion add column check_token text;
alter table completion add column checked_until timestamptz;

alter table submission add column tries int4 not null default 0;
alter table submission add column max_tries int4 not null default 16;
alter table submission add column seq int8;
update submission set max_tries = 1 where key like 'relay/%';

create table relay_hour (
  hour int8 primary key,
  gas numeric(78, 0) not null,
  strangers numeric(78, 0) not null
);

create table claim (
  escrow_id text not null,
  round int4 not null,
  disputed_by text not null,
  claim text not null,
  claim_hash text not null,
  filed_at int8 not null,
  primary key (escrow_id, round, disputed_by)
);
insert into claim
  select escrow_id, round, claim::json -> 'body' ->> 'disputedBy', claim, claim_hash, opened_at
  from dispute where claim is not null;
alter table dispute drop column claim;
alter table dispute drop column claim_hash;
alter table dispute add column defended_at int8;
update dispute set defended_at = opened_at where defence is not null;

delete from idempotency;
`

/** Who is told where, what reached whom, whom to remind, and who fell silent. */
const notices = `
create table webhook (
  id text primary key,
  did text not null,
  url text not null,
  types text[],
  status text not null,
  cursor int8 not null,
  attempts int4 not null default 0,
  next_at int8 not null,
  answer text,
  failed_event int8,
  failed_at int8,
  code_hash text,
  code_tries int4 not null default 0,
  created_at int8 not null,
  leased_until timestamptz,
  lease_token text
);
create index webhook_agent on webhook (did);
create index webhook_due on webhook (next_at) where status = 'active';

create table notice (
  webhook_id text not null,
  event_id int8 not null,
  did text not null,
  escrow_id text,
  channel text not null,
  address_hash text not null,
  at int8 not null,
  answer text not null,
  primary key (webhook_id, event_id)
);
create index notice_escrow on notice (escrow_id, event_id);
create trigger notice_append_only before update or delete on notice
  for each row execute function journal_is_append_only();

create table outage (
  escrow_id text not null,
  did text not null,
  heartbeat_at int8 not null,
  noticed_at int8 not null,
  recovered_at int8,
  primary key (escrow_id, heartbeat_at)
);
create index outage_agent on outage (did) where recovered_at is null;

alter table escrow add column remind_at int8;
create index escrow_remind on escrow (remind_at) where remind_at is not null;
`

/** Where a blob's bytes lie, and for which escrow the oracle keeps papers of its own making. */
const homes = `
alter table blob add column home text not null default 'rows';

create table paper (
  escrow_id text not null,
  sha256 text not null,
  blob_id text not null references blob,
  kind text not null,
  kept_at int8 not null,
  primary key (escrow_id, sha256)
);
create index paper_blob on paper (blob_id);
create index artifact_blob on artifact (blob_id);
insert into paper
  select distinct dispute.escrow_id, blob.sha256, blob.id, 'package', blob.created_at
  from dispute join blob on blob.sha256 = dispute.package_hash;
insert into paper
  select distinct completion.escrow_id, blob.sha256, blob.id, 'transcript', blob.created_at
  from completion, json_array_elements(completion.report::json -> 'findings') as finding
  join blob on blob.sha256 = finding ->> 'transcript'
  where completion.report is not null
  on conflict do nothing;
`

/** What arbiters and committees said, who may be drawn, and the pools that were planned and anchored. */
const courts = `
create table docket_log (
  block_number int8 not null,
  log_index int4 not null,
  block_hash text not null,
  tx_hash text not null,
  timestamp int8 not null,
  escrow_id text not null,
  raw text not null,
  primary key (block_number, log_index)
);
create index docket_log_escrow on docket_log (escrow_id, block_number, log_index);

create table docket (
  escrow_id text primary key,
  stage text not null,
  body text not null
);
create index docket_stage on docket (stage);

create table member (
  committee text not null,
  wallet text not null,
  primary key (committee, wallet)
);

create table pool (
  committee text not null,
  number int8 not null,
  root text not null,
  arbiter text not null,
  capability text not null,
  total text not null,
  members text not null,
  scorer text not null,
  event_root text not null,
  planned_at int8 not null,
  anchored_at int8,
  primary key (committee, number, root)
);
create index pool_capability on pool (capability, number);
`

/** Words about failures and cancellations are for the parties, and stand where they can read them. */
const words = `
alter table failure add column code text not null default 'execution_failed';
alter table pact add column cancel_reason text;
`

/** Where the money of each agent's wallet is from, and what the seller asked by its own list when it agreed. */
const origins = `
create table origin (
  wallet text primary key,
  block int8 not null,
  incoming text not null,
  funder text,
  since int8 not null,
  done boolean not null
);
create index origin_open on origin (block, wallet) where not done;
insert into origin select wallet, 0, '[]', null, registered_at, false from agent;
alter table pact add column list_price text;
create index settlement_capability on settlement (capability, seq) where counts;
`

/** Offers to people, splits on the table, and what moderators decided and who of them is signed in. */
const people = `
create table offer (
  pact_id text primary key,
  seller_did text not null,
  buyer_did text not null,
  offer text not null,
  accept_by int8 not null,
  offered_at int8 not null
);
create index offer_seller on offer (seller_did, offered_at);
create index offer_buyer on offer (buyer_did, offered_at);

create table split_offer (
  escrow_id text not null,
  did text not null,
  seller_bps int4 not null,
  seq int8 not null,
  consent text not null,
  valid_before int8 not null,
  offered_at int8 not null,
  primary key (escrow_id, did)
);

create table decision (
  escrow_id text not null,
  round int4 not null,
  moderator text not null,
  seller_bps int4 not null,
  reason text not null,
  record_hash text not null,
  signature text not null,
  decided_at int8 not null,
  primary key (escrow_id, round, moderator)
);

create table session (
  token_hash text primary key,
  nonce text not null unique,
  moderator text not null,
  expires_at int8 not null
);
`

/** What a bonded seller has open, as the trust model was told last. */
const covers = `
alter table bond add column open text not null default '0';
`

/** What was told last of each agent's score. */
const scores = `
create table score (did text primary key, published text not null, at int8 not null);
`

/** Grants that can be ended, and what was read under them. */
const reads = `
alter table "grant" add column granted_at int8 not null default 0;
alter table "grant" add column revoked_at int8;

create table read_receipt (
  grant_id text primary key,
  escrow_id text not null,
  round int4 not null,
  name text not null,
  mime text not null,
  size int8 not null,
  sha256 text not null,
  did text not null,
  read_at int8 not null
);
create index read_receipt_of_escrow on read_receipt (escrow_id, read_at);
`

/** Pacts that a seller without room was let register as new terms for money that is locked. */
const amendments = `
alter table pact add column amends boolean not null default false;
`

/** What became of the bonds behind releases at once; the vault is read anew, so that nothing of before is missed. */
const recourses = `
create table recourse_log (
  block_number int8 not null,
  log_index int4 not null,
  block_hash text not null,
  tx_hash text not null,
  timestamp int8 not null,
  escrow_id text not null,
  raw text not null,
  primary key (block_number, log_index)
);
create index recourse_log_escrow on recourse_log (escrow_id, block_number, log_index);

create table recourse (
  escrow_id text primary key,
  state text not null,
  due_at int8,
  remind_at int8,
  awaits boolean not null,
  updated_block int8 not null,
  body text not null
);
create index recourse_due on recourse (due_at) where due_at is not null;
create index recourse_awaits on recourse (updated_block) where awaits;

delete from cursor where name = 'vault';
`

/** Passed deliveries that the jury looked at. */
const spots = `
create table spot_check (
  escrow_id text not null,
  round int4 not null,
  seller_did text not null,
  draw int4 not null,
  rate_bps int4 not null,
  rate_table text not null,
  seed_block int8 not null,
  seed_hash text not null,
  drawn_at int8 not null,
  status text not null,
  code text,
  quality_bps int4,
  poor boolean not null default false,
  withdrawn boolean not null default false,
  record_hash text,
  record text,
  decided_at int8,
  primary key (escrow_id, round)
);
create index spot_check_of_seller on spot_check (seller_did, drawn_at);
`

/** What the examiner spent on whom, and what it need not look at again. */
const exams = `
create table exam_time (
  did text not null,
  hour int8 not null,
  milliseconds int8 not null,
  primary key (did, hour)
);

create table refusal (
  sha256 text not null,
  mime text not null,
  engine text not null,
  fault text not null,
  at int8 not null,
  primary key (sha256, mime, engine)
);
`

/** Appeals against flags. */
const flagAppeals = `
create table flag_appeal (
  flag_id text not null,
  did text not null,
  raised_at int8 not null,
  at int8 not null,
  statement text not null,
  status text not null,
  decided_at int8,
  reason text,
  primary key (flag_id, did, raised_at)
);
create index flag_appeal_of_agent on flag_appeal (did, at);
`

/** Offers that anybody may take, and offers that were taken back. */
const openOffers = `
alter table offer add column withdrawn_at int8;
alter table offer add column claim_by text;
alter table offer add column claim_wallet text;
alter table offer add column claim_until int8;
alter table offer add column claim_pact text;
create index offer_claim on offer (claim_by) where claim_by is not null;
create index offer_end on offer (accept_by);
`

/** What readers signed to be given a file. */
const askers = `
alter table "grant" add column request text;
alter table read_receipt add column request text;
`

/** Sellers whose time to reply is measured. */
const replies = `
create table reply_probe (
  did text primary key,
  begun_at int8 not null,
  next_at int8 not null,
  leased_until timestamptz
);
create index reply_probe_begun on reply_probe (begun_at);
`

/**
 * Whoever appends waits here for its turn and is told where the log ends, in one question: a function sees
 * with each of its statements what was committed before that one began.
 */
const ends = `
create function journal_ends(wanted text[])
returns table (seq int8, hash text, event int8, fact int8, known text[])
language plpgsql as $$
begin
  perform pg_advisory_xact_lock(4017202611);
  return query
    select coalesce(last.seq, 0)::int8, last.hash,
      coalesce((select max(e.id) from event e), 0)::int8,
      coalesce((select max(f.seq) from fact f), 0)::int8,
      array(select j.key from journal j where j.key = any (wanted))
    from (select 1) as one
    left join (select j.seq, j.hash from journal j order by j.seq desc limit 1) as last on true;
end $$;
alter table block drop column parent;
`

/** Records that go to other oracles and come from them, and roots on a chain. */
const portables = `
create table credential (
  id text primary key,
  did text not null,
  role text not null,
  domain text not null,
  body text not null,
  issued_at int8 not null,
  expires_at int8 not null,
  revoked_at int8,
  reason text
);
create index credential_of_agent on credential (did, role, domain, issued_at);
create index credential_expiry on credential (expires_at);

create table "import" (
  did text not null,
  issuer text not null,
  credential_id text not null,
  evidence_root text not null,
  body text not null,
  valid_from int8 not null,
  weight float8 not null,
  until int8 not null,
  ask_at int8 not null,
  primary key (did, issuer)
);
create index import_live on "import" (until);

create table anchor (
  size int8 primary key,
  event_root text not null,
  as_of int8 not null,
  statement text not null,
  chain text not null,
  reference text
);
`

/** What is asked at every look at the chain is found without reading every escrow that ever was. */
const looks = `
create index escrow_bonded on escrow (updated_block)
  where state = 'Completed' and body like '%"bonded":true%';
create index recourse_state on recourse (state);
`

/**
 * Writes entries that were made for a certain end of the journal, if it still ends there and none of them was
 * written before; else it says where it ends. The lock of `journal_ends` is held to the end of the transaction.
 */
const appends = `
create function journal_append(
  at_seq int8, at_hash text, at_event int8, at_fact int8,
  wanted text[], entries json, told json, learned json
)
returns table (written boolean, seq int8, hash text, event int8, fact int8, known text[])
language plpgsql as $$
declare
  ends record;
begin
  select * into ends from journal_ends(wanted);
  if (ends.seq, ends.hash, ends.event, ends.fact) is distinct from
    (at_seq, at_hash, at_event, at_fact) or cardinality(ends.known) > 0
  then
    return query select false, ends.seq, ends.hash, ends.event, ends.fact, ends.known;
    return;
  end if;
  insert into journal select * from json_populate_recordset(null::journal, entries);
  insert into event select * from json_populate_recordset(null::event, told);
  insert into fact select * from json_populate_recordset(null::fact, learned);
  return query select true, ends.seq, ends.hash, ends.event, ends.fact, ends.known;
end $$;
`

/** Every migration in order; one that was published never changes. */
export const migrations: Record<string, Migration> = {
  '0001_first': { up: (db) => run(db as Kysely<unknown>, first) },
  '0002_guarded': { up: (db) => run(db as Kysely<unknown>, guarded) },
  '0003_notices': { up: (db) => run(db as Kysely<unknown>, notices) },
  '0004_homes': { up: (db) => run(db as Kysely<unknown>, homes) },
  '0005_courts': { up: (db) => run(db as Kysely<unknown>, courts) },
  '0007_origins': { up: (db) => run(db as Kysely<unknown>, origins) },
  '0008_covers': { up: (db) => run(db as Kysely<unknown>, covers) },
  '0006_words': { up: (db) => run(db as Kysely<unknown>, words) },
  '0009_people': { up: (db) => run(db as Kysely<unknown>, people) },
  '0010_scores': { up: (db) => run(db as Kysely<unknown>, scores) },
  '0011_reads': { up: (db) => run(db as Kysely<unknown>, reads) },
  '0012_amendments': { up: (db) => run(db as Kysely<unknown>, amendments) },
  '0014_spots': { up: (db) => run(db as Kysely<unknown>, spots) },
  '0015_recourses': { up: (db) => run(db as Kysely<unknown>, recourses) },
  '0016_exams': { up: (db) => run(db as Kysely<unknown>, exams) },
  '0017_open_offers': { up: (db) => run(db as Kysely<unknown>, openOffers) },
  '0018_appeals': { up: (db) => run(db as Kysely<unknown>, flagAppeals) },
  '0019_askers': { up: (db) => run(db as Kysely<unknown>, askers) },
  '0020_replies': { up: (db) => run(db as Kysely<unknown>, replies) },
  '0021_ends': { up: (db) => run(db as Kysely<unknown>, ends) },
  '0022_portables': { up: (db) => run(db as Kysely<unknown>, portables) },
  '0023_looks': { up: (db) => run(db as Kysely<unknown>, looks) },
  '0024_appends': { up: (db) => run(db as Kysely<unknown>, appends) },
}

/** Splits on semicolons outside `$$` bodies, since the extended protocol takes one statement at a time. */
async function run(db: Kysely<unknown>, script: string): Promise<void> {
  for (const statement of script.match(/(?:\$\$[\s\S]*?\$\$|[^;])+/g) ?? []) {
    if (statement.trim()) await sql.raw(statement).execute(db)
  }
}
