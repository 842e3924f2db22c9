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
  isSubjective,
  milestoneOf,
  type Pact,
  type SignedPact,
  signedPactSchema,
  type Terms,
  termsFromPact,
  verifySignedPact,
} from '@earnest/sdk/protocol'
import { touchAgents } from '../discovery/agent.ts'
import { resolveKeys } from '../discovery/keys.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { pack, unpack } from '../store/json.ts'
import type { Db, Tx } from '../store/store.ts'

/** Bytes that a pact names by their hash: a checker or held-out data. */
export type Deposit = { sha256: string; content: Uint8Array }

/** Keeps a deposit's bytes and gives the id under which they lie. */
export type StoreDeposit = (content: Uint8Array) => Promise<string>

export type RegisteredPact = {
  signed: SignedPact
  escrowIds: `0x${string}`[]
  registeredAt: number
  cancelledAt: number | null
}

/**
 * Registers a pact: recomputes its hash, checks both signatures and derives the escrow ids.
 * Registering the same pact again gives the same record; nothing can change it (PCT-20, PCT-21).
 * @throws pact_hash_mismatch, invalid_buyer_signature, invalid_seller_signature, signer_not_party,
 * nonce_reused, wrong_chain, wrong_escrow, deposit_mismatch, deposit_unknown
 */
export async function registerPact(
  {
    db,
    signer,
    clock,
    chain,
    storeDeposit,
  }: Context & {
    chain: ContractRef & { token: string }
    storeDeposit: StoreDeposit
  },
  { signed, deposits, by }: { signed: SignedPact; deposits: readonly Deposit[]; by: string },
): Promise<RegisteredPact> {
  const { pact } = signed
  const { buyer, seller } = pact
  if (by !== buyer.did && by !== seller.did) {
    throw new EarnestError('signer_not_party', 'Only a party registers its pact')
  }
  const pactId = verifySignedPact(signed, await resolveKeys(db, [buyer.did, seller.did]))
  const known = await findPact(db, pactId)
  if (known) return known
  assertChain(pact, chain)
  assertDeposits(pact, deposits)
  const now = clock.now()
  if (now >= pact.deadlineUtc) throw new EarnestError('deadline_passed', 'deadlineUtc is past')
  // Stored before the pact: bytes without a pact are harmless, a pact without them is not.
  const blobs = new Map<string, string>()
  for (const { sha256, content } of deposits) blobs.set(sha256, await storeDeposit(content))
  const milestones = pact.milestones?.map((_, index) => index) ?? [0]
  const locks = milestones.map((milestone) => ({
    escrow_id: escrowIdOfPact({ pact, milestone }),
    pact_id: pactId,
    milestone,
    amount: milestoneOf(pact, milestone).paymentUsdc.toString(),
    fund_by: milestoneOf(pact, milestone).fundBy,
    terms: pack(termsFromPact({ pact, milestone })),
  }))

  await db.transaction().execute(async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('pact')
      .values({
        pact_id: pactId,
        buyer_did: buyer.did,
        seller_did: seller.did,
        capability: pact.capability,
        nonce: pact.nonce,
        subjective: milestones.some((milestone) => isSubjective(pact, milestone)),
        signed_pact: canonicalText(encode(signedPactSchema, signed, 'invalid_pact')),
        registered_at: now,
        cancelled_at: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) return
    await tx.insertInto('lock').values(locks).execute()
    if (blobs.size > 0) {
      await tx
        .insertInto('deposit')
        .values([...blobs].map(([sha256, blob_id]) => ({ pact_id: pactId, sha256, blob_id })))
        .execute()
    }
    // A funding that came before its pact is announced now.
    await tx
      .updateTable('escrow')
      .set({ awaits: true })
      .where(
        'escrow_id',
        'in',
        locks.map((lock) => lock.escrow_id),
      )
      .execute()
    await touchAgents(tx, [buyer.did, seller.did], now)
    await append(tx, signer, [
      {
        action: 'pact_registered',
        subject: pactId,
        at: now,
        data: { escrowIds: locks.map((lock) => lock.escrow_id), capability: pact.capability },
        tell: { type: 'pact_registered', agents: [buyer.did, seller.did], pactId },
      },
    ])
  })
  const stored = await findPact(db, pactId)
  if (stored) return stored
  throw new EarnestError('nonce_reused', 'The buyer used this nonce for other terms', {
    details: { nonce: pact.nonce },
  })
}

/** A registered pact; undefined where nobody registered it. */
export async function findPact(db: Db | Tx, pactId: string): Promise<RegisteredPact | undefined> {
  const row = await db
    .selectFrom('pact')
    .select(['signed_pact', 'registered_at', 'cancelled_at'])
    .where('pact_id', '=', pactId)
    .executeTakeFirst()
  if (!row) return undefined
  const locks = await db
    .selectFrom('lock')
    .select('escrow_id')
    .where('pact_id', '=', pactId)
    .orderBy('milestone')
    .execute()
  return {
    signed: decode(signedPactSchema, JSON.parse(row.signed_pact), 'invalid_pact'),
    escrowIds: locks.map((lock) => lock.escrow_id as `0x${string}`),
    registeredAt: row.registered_at,
    cancelledAt: row.cancelled_at,
  }
}

/** Pact, milestone and terms behind an escrow id; undefined for an id that no registered pact derives. */
export async function findLock(
  db: Db | Tx,
  escrowId: string,
): Promise<{ pactId: string; milestone: number; terms: Terms; pact: Pact } | undefined> {
  const row = await db
    .selectFrom('lock')
    .innerJoin('pact', 'pact.pact_id', 'lock.pact_id')
    .select(['lock.pact_id', 'lock.milestone', 'lock.terms', 'pact.signed_pact'])
    .where('lock.escrow_id', '=', escrowId)
    .executeTakeFirst()
  if (!row) return undefined
  const { pact } = decode(signedPactSchema, JSON.parse(row.signed_pact), 'invalid_pact')
  return { pactId: row.pact_id, milestone: row.milestone, terms: unpack(row.terms), pact }
}

function assertChain(pact: Pact, chain: ContractRef & { token: string }): void {
  const { chainId, contract, token } = pact.escrow
  if (chainId !== chain.chainId) {
    throw new EarnestError('wrong_chain', `This oracle watches chain ${chain.chainId}`)
  }
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
  if (!same(contract, chain.contract) || !same(token, chain.token)) {
    throw new EarnestError('wrong_escrow', 'This oracle watches another escrow contract or token')
  }
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

/** Registered work of a seller that is not settled, base units: what it has at stake already. */
export async function openExposure(db: Db, sellerDid: string, now: number): Promise<bigint> {
  const row = await db
    .selectFrom('lock')
    .innerJoin('pact', 'pact.pact_id', 'lock.pact_id')
    .leftJoin('escrow', 'escrow.escrow_id', 'lock.escrow_id')
    .select((eb) => eb.fn.coalesce(eb.fn.sum<string>('lock.amount'), eb.val('0')).as('amount'))
    .where('pact.seller_did', '=', sellerDid)
    .where((eb) =>
      eb.or([
        eb.and([eb('escrow.escrow_id', 'is', null), eb('lock.fund_by', '>', now)]),
        eb('escrow.state', 'in', openStates),
      ]),
    )
    .executeTakeFirstOrThrow()
  return BigInt(row.amount)
}

const openStates = ['Funded', 'Delivered', 'Disputed', 'Negotiating', 'Arbitration']
