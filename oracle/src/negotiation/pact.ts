import {
  type ContractRef,
  canonicalText,
  criteriaOf,
  decode,
  depositsOf,
  EarnestError,
  encode,
  escrowIdOfPact,
  hashBytes,
  hashPact,
  isOpenOffer,
  isSubjective,
  type KeyResolver,
  milestoneOf,
  type Pact,
  parseUsdc,
  type SignedPact,
  signedPactSchema,
  type Terms,
  termsFromPact,
  type Verifier,
  verifySignedPact,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { touchAgents } from '../discovery/agent.ts'
import { resolveKeys } from '../discovery/keys.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { pack, unpack } from '../store/json.ts'
import { enterRegistry } from '../store/registry.ts'
import { statement } from '../store/statement.ts'
import type { Db, Tx } from '../store/store.ts'
import { type ExposureLimit, reserveExposure } from './exposure.ts'

/** Bytes that a pact names by their hash: a checker or held-out data. */
export type Deposit = { sha256: string; content: Uint8Array }

/**
 * Keeps a deposit's bytes and gives the id under which they lie; what could never decide anything under
 * the criterion that names it is refused (`deposit_unusable`), while the buyer can still mend it.
 */
export type StoreDeposit = (deposit: Deposit, sources: readonly DepositSource[]) => Promise<string>

/** What a criterion says of a deposit: which measure, or that it is a checker. */
export type DepositSource = Extract<Verifier, { type: 'metric' }>['source']

/** Begins what the chain asked of escrows, given as they are stored, before their pact was registered. */
export type CatchUp = (tx: Tx, bodies: readonly string[]) => Promise<void>

/** How much a seller may have open, by its record. */
export type LimitOf = (seller: string) => Promise<ExposureLimit>

/** Seconds that a pact may be older than its registration: both keys sign for that long. */
const MAX_PACT_AGE = 86_400
/** Seconds by which the proposer's clock may be ahead. */
const MAX_SKEW = 300

export type RegisteredPact = {
  signed: SignedPact
  escrowIds: `0x${string}`[]
  registeredAt: number
  cancelledAt: number | null
}

/**
 * Registers a pact: recomputes its hash, checks both signatures and derives the escrow ids.
 * Registering the same pact again gives the same record; nothing can change it (PCT-20, PCT-21).
 * A key counts by when the oracle sees its signature: a rotated-out key cannot be dated back (DRV-06).
 * @throws pact_hash_mismatch, invalid_buyer_signature, invalid_seller_signature, signer_not_party,
 * nonce_reused, wrong_chain, wrong_escrow, deposit_mismatch, deposit_unknown, deposit_unusable, key_not_valid,
 * key_log_frozen, agent_retired, clock_skew, registration_too_late, deadline_passed, exposure_exceeded,
 * agent_suspended
 */
export async function registerPact(
  {
    db,
    signer,
    clock,
    chain,
    storeDeposit,
    catchUp,
    limitOf,
  }: Context & {
    chain: ContractRef & { token: string }
    storeDeposit: StoreDeposit
    catchUp: CatchUp
    limitOf: LimitOf
  },
  { signed, deposits, by }: { signed: SignedPact; deposits: readonly Deposit[]; by: string },
): Promise<RegisteredPact> {
  const { pact } = signed
  const { buyer, seller } = pact
  if (by !== buyer.did && by !== seller.did) {
    throw new EarnestError('signer_not_party', 'Only a party registers its pact')
  }
  const now = clock.now()
  const known = await findPact(db, hashPact(pact))
  if (known) {
    // Both keys were checked when they counted; the copy has only to be the same.
    const dids = [buyer.did, seller.did]
    verifySignedPact(signed, await keysAtRegistration(db, dids, known.registeredAt))
    assertDeposits(pact, deposits)
    await addDeposits(db, { pactId: hashPact(pact), known, deposits, storeDeposit })
    return known
  }
  const keyOf = await keysAtRegistration(db, [buyer.did, seller.did], now)
  const pactId = verifySignedPact(signed, keyOf)
  assertChain(pact, chain)
  assertDeposits(pact, deposits)
  const listPrice = await assertAcceptable(db, { pact, pactId, now })
  // Stored before the pact: bytes without a pact are harmless, a pact without them is not.
  const blobs = new Map<string, string>()
  for (const { sha256, content } of deposits)
    blobs.set(sha256, await storeDeposit({ sha256, content }, sourcesOf(pact, sha256)))
  const milestones = pact.milestones?.map((_, index) => index) ?? [0]
  const locks = milestones.map((milestone) => ({
    escrow_id: escrowIdOfPact({ pact, milestone }),
    pact_id: pactId,
    milestone,
    amount: milestoneOf(pact, milestone).paymentUsdc.toString(),
    fund_by: milestoneOf(pact, milestone).fundBy,
    terms: pack(termsFromPact({ pact, milestone })),
  }))

  const limit = await limitOf(seller.did)
  const escrowIds = locks.map((lock) => lock.escrow_id)

  const isNew = await db.transaction().execute(async (tx) => {
    await enterRegistry(tx)
    const [written] = await writePact(tx, {
      pactId,
      buyer: buyer.did,
      seller: seller.did,
      capability: pact.capability,
      nonce: pact.nonce,
      isSubjective: milestones.some((milestone) => isSubjective(pact, milestone)),
      signed: canonicalText(encode(signedPactSchema, signed, 'invalid_pact')),
      now,
      listPrice,
      locks: JSON.stringify(locks),
    })
    if (!written) return false
    await reserveExposure(tx, {
      pact: { pactId, buyer: buyer.did, seller: seller.did },
      amount: locks.reduce((sum, lock) => sum + BigInt(lock.amount), 0n),
      limit,
      now,
    })
    if (blobs.size > 0) {
      await tx
        .insertInto('deposit')
        .values([...blobs].map(([sha256, blob_id]) => ({ pact_id: pactId, sha256, blob_id })))
        .execute()
    }
    // A funding that came before its pact is announced now, and what followed it is taken up.
    const early = await awaken(tx, { escrowIds })
    await catchUp(
      tx,
      early.map(({ body }) => body),
    )
    await touchAgents(tx, [buyer.did, seller.did], now)
    await append(tx, signer, [
      {
        action: 'pact_registered',
        subject: pactId,
        at: now,
        data: { escrowIds, capability: pact.capability },
        tell: { type: 'pact_registered', agents: [buyer.did, seller.did], pactId },
      },
    ])
    return true
  })
  if (isNew) return { signed, escrowIds, registeredAt: now, cancelledAt: null }
  const stored = await findPact(db, pactId)
  if (stored) return stored
  throw new EarnestError('nonce_reused', 'The buyer used this nonce for other terms', {
    details: { nonce: pact.nonce },
  })
}

type Writing = {
  pactId: string
  buyer: string
  seller: string
  capability: string
  nonce: string
  isSubjective: boolean
  signed: string
  now: number
  listPrice: string | null
  locks: string
}

/** A pact and what it locks; nothing where its id or its nonce is taken. */
const writePact = statement(
  (_, row: Writing) => sql<{ pact_id: string }>`
    with written as (
      insert into pact (pact_id, buyer_did, seller_did, capability, nonce, subjective, signed_pact,
        registered_at, list_price)
      values (${row.pactId}, ${row.buyer}, ${row.seller}, ${row.capability}, ${row.nonce},
        ${row.isSubjective}, ${row.signed}, ${row.now}, ${row.listPrice})
      on conflict do nothing
      returning pact_id
    ), locked as (
      insert into lock select lock.* from written, json_populate_recordset(null::lock, ${row.locks}) lock
    )
    select pact_id from written`,
)

const awaken = statement((db, { escrowIds }: { escrowIds: readonly string[] }) =>
  db
    .updateTable('escrow')
    .set({ awaits: true })
    .where(sql<boolean>`escrow_id = any(${escrowIds}::text[])`)
    .returning('body'),
)

/** What the seller's own list asks for a task when it agrees; it may ask anything later. */
function listPriceOf(registration: string | null): string | null {
  const { pricing } = JSON.parse(registration ?? '{}') as { pricing?: { perTask: string } }
  return pricing ? parseUsdc(pricing.perTask).toString() : null
}

/**
 * Adds what the first registration left out, whoever made it: a seller that registers first must not
 * keep the buyer's checker out. Once something was handed in the record stays as it is.
 */
async function addDeposits(
  db: Db,
  {
    pactId,
    known,
    deposits,
    storeDeposit,
  }: {
    pactId: string
    known: RegisteredPact
    deposits: readonly Deposit[]
    storeDeposit: StoreDeposit
  },
): Promise<void> {
  if (deposits.length === 0) return
  const handedIn = await db
    .selectFrom('completion')
    .select('round')
    .where('escrow_id', 'in', known.escrowIds)
    .executeTakeFirst()
  if (handedIn) return
  for (const { sha256, content } of deposits) {
    const blob_id = await storeDeposit({ sha256, content }, sourcesOf(known.signed.pact, sha256))
    await db
      .insertInto('deposit')
      .values({ pact_id: pactId, sha256, blob_id })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
  }
}

/** Keys that counted both when the pact was proposed and when it came here. */
async function keysAtRegistration(
  db: Db,
  dids: readonly string[],
  registeredAt: number,
): Promise<KeyResolver> {
  const keyOf = await resolveKeys(db, dids)
  return (did, proposedAt) => {
    const key = keyOf(did, Math.min(proposedAt, registeredAt))
    if (Buffer.compare(key, keyOf(did, registeredAt)) !== 0) {
      throw new EarnestError('key_not_valid', 'This key was rotated out before the registration')
    }
    return key
  }
}

/** Pacts read before, by their text, which never changes: one trade reads its own fifteen times. */
const read = new Map<string, SignedPact>()
const MAX_READ = 500
/** Characters above which a pact is read anew each time: its parties choose how long it is. */
const MAX_KEPT_TEXT = 65_536

/** The pacts that are kept; a lock of one that is not would keep it after all. */
const keptPacts = new WeakSet<Pact>()
const isKept = (pact: Pact) => keptPacts.has(pact)

function signedOf(text: string): SignedPact {
  const known = read.get(text)
  if (known !== undefined) return known
  const signed = decode(signedPactSchema, JSON.parse(text), 'invalid_pact')
  if (text.length > MAX_KEPT_TEXT) return signed
  if (read.size >= MAX_READ) read.delete(read.keys().next().value ?? '')
  read.set(text, signed)
  keptPacts.add(signed.pact)
  return signed
}

/** The escrows of a pact's milestones, in their order. */
const idsOf = sql<`0x${string}`[]>`array(
  select escrow_id from lock where lock.pact_id = pact.pact_id order by milestone
)`

/** A registered pact; undefined where nobody registered it. */
export async function findPact(db: Db | Tx, pactId: string): Promise<RegisteredPact | undefined> {
  const [row] = await readPact(db, { pactId })
  if (!row) return undefined
  return {
    signed: signedOf(row.signed_pact),
    escrowIds: row.escrow_ids,
    registeredAt: row.registered_at,
    cancelledAt: row.cancelled_at,
  }
}

const readPact = statement((db, { pactId }: { pactId: string }) =>
  db
    .selectFrom('pact')
    .select(['signed_pact', 'registered_at', 'cancelled_at', idsOf.as('escrow_ids')])
    .where('pact_id', '=', pactId),
)

/** What a registered pact locks under one escrow id. */
export type Lock = { pactId: string; milestone: number; terms: Terms; pact: Pact }

/** Locks found before, for each store: what was registered never changes, and a trade asks for its own twelve times. */
const found = new WeakMap<Db, Map<string, Lock>>()

/** Pact, milestone and terms behind an escrow id; undefined for an id that no registered pact derives. */
export async function findLock(db: Db | Tx, escrowId: string): Promise<Lock | undefined> {
  // What a transaction sees may never have been: only what is committed is kept.
  if (db.isTransaction) return readLock(db, escrowId)
  const kept = found.get(db) ?? new Map<string, Lock>()
  found.set(db, kept)
  const known = kept.get(escrowId)
  if (known !== undefined) return known
  const lock = await readLock(db, escrowId)
  // As with the pacts themselves: a long one is read anew each time.
  if (lock === undefined || !isKept(lock.pact)) return lock
  if (kept.size >= MAX_READ) kept.delete(kept.keys().next().value ?? '')
  kept.set(escrowId, lock)
  return lock
}

async function readLock(db: Db | Tx, escrowId: string): Promise<Lock | undefined> {
  const row = await db
    .selectFrom('lock')
    .innerJoin('pact', 'pact.pact_id', 'lock.pact_id')
    .select(['lock.pact_id', 'lock.milestone', 'lock.terms', 'pact.signed_pact'])
    .where('lock.escrow_id', '=', escrowId)
    .executeTakeFirst()
  if (!row) return undefined
  const { pact } = signedOf(row.signed_pact)
  return { pactId: row.pact_id, milestone: row.milestone, terms: unpack(row.terms), pact }
}

/**
 * A pact is as old as a day, or stood here as an offer since it was fresh and is within its time. What the
 * seller took back before, nobody accepts; nobody signs for the customer that an open offer leaves out.
 * @returns what the seller's own list asks now.
 * @throws offer_withdrawn, offer_unknown, clock_skew, registration_too_late, deadline_passed
 */
async function assertAcceptable(
  db: Db,
  { pact, pactId, now }: { pact: Pact; pactId: string; now: number },
): Promise<string | null> {
  if (isOpenOffer(pact)) throw new EarnestError('offer_unknown', 'An open offer is taken first')
  const [offer] = await readOffered(db, { pactId, seller: pact.seller.did })
  if (offer && offer.withdrawn_at !== null) {
    throw new EarnestError('offer_withdrawn', 'The seller took this offer back')
  }
  // As fresh as it was when it was laid here, for as long as it stands.
  const stands = offer?.accept_by != null && now < offer.accept_by
  assertFresh(pact, (stands ? offer.offered_at : null) ?? now)
  if (now >= pact.deadlineUtc) throw new EarnestError('deadline_passed', 'deadlineUtc is past')
  return listPriceOf(offer?.registration ?? null)
}

const readOffered = statement(
  (_, { pactId, seller }: { pactId: string; seller: string }) => sql<{
    registration: string | null
    offered_at: number | null
    withdrawn_at: number | null
    accept_by: number | null
  }>`
    select agent.registration, offer.offered_at, offer.withdrawn_at, offer.accept_by
    from (select 1) as one
    left join agent on agent.did = ${seller}
    left join offer on offer.pact_id = ${pactId}`,
)

/**
 * Keys sign for a day, and nothing is dated ahead.
 * @throws clock_skew, registration_too_late, deadline_passed
 */
export function assertFresh(pact: Pact, now: number): void {
  if (pact.proposedAt > now + MAX_SKEW) {
    throw new EarnestError('clock_skew', `proposedAt is more than ${MAX_SKEW} s ahead`)
  }
  if (pact.proposedAt < now - MAX_PACT_AGE) {
    throw new EarnestError('registration_too_late', `proposedAt is older than ${MAX_PACT_AGE} s`)
  }
  if (now >= pact.deadlineUtc) throw new EarnestError('deadline_passed', 'deadlineUtc is past')
}

/** @throws wrong_chain, wrong_escrow */
export function assertChain(pact: Pact, chain: ContractRef & { token: string }): void {
  const { chainId, contract, token } = pact.escrow
  if (chainId !== chain.chainId) {
    throw new EarnestError('wrong_chain', `This oracle watches chain ${chain.chainId}`)
  }
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
  if (!same(contract, chain.contract) || !same(token, chain.token)) {
    throw new EarnestError('wrong_escrow', 'This oracle watches another escrow contract or token')
  }
}

function sourcesOf(pact: Pact, sha256: string): DepositSource[] {
  return pact.acceptance.flatMap(({ verifier }) =>
    verifier.type === 'metric' && verifier.source.sha256 === sha256 ? [verifier.source] : [],
  )
}

/** What is missing counts as passed at delivery; what does not match is refused now. */
function assertDeposits(pact: Pact, deposits: readonly Deposit[]): void {
  const wanted = new Set(depositsOf(pact.acceptance))
  for (const milestone of pact.milestones?.keys() ?? []) {
    for (const sha256 of depositsOf(criteriaOf(pact, milestone))) wanted.add(sha256)
  }
  for (const { sha256, content } of deposits) {
    if (hashBytes(content) !== sha256) {
      throw new EarnestError('deposit_mismatch', 'The bytes have another hash', {
        details: { sha256 },
      })
    }
    if (!wanted.has(sha256)) {
      throw new EarnestError('deposit_unknown', 'No criterion names these bytes', {
        details: { sha256 },
      })
    }
  }
}
