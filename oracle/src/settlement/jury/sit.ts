import { bondVaultAbi, pactArbiterAbi } from '@earnest/contracts'
import {
  canonicalText,
  claimRulingTypedData,
  EarnestError,
  encode,
  hashVerdict,
  proposalTypedData,
  toBytes32,
  type VerdictRecord,
  verdictRecordSchema,
} from '@earnest/sdk/protocol'
import { encodeFunctionData, type Hex } from 'viem'
import type { Call, Chain } from '../../escrow/chain.ts'
import { readEscrow } from '../../escrow/fold.ts'
import { ladderOf } from '../../escrow/ladder.ts'
import type { EscrowState } from '../../escrow/state.ts'
import { submit } from '../../escrow/submit.ts'
import { evidenceEnd } from '../../escrow/window.ts'
import { findLock } from '../../negotiation/pact.ts'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'
import { locateFiles } from '../artifact.ts'
import type { Attestors } from '../attestor.ts'
import type { Blobs } from '../blob.ts'
import { type Forum, readForum } from '../forum.ts'
import { assemblePackage } from '../package.ts'
import type { Jury } from './jury.ts'
import { capOf, present } from './present.ts'

export type Sitting = Context & {
  chain: Chain
  attestors: Attestors
  blobs: Blobs
  jury: Jury
}

/**
 * The T1 rung: hears a case that stands in arbitration, or a claim against a bond, once the parties had
 * their time for evidence, logs the verdict and then brings it on chain. A jury that cannot sit is logged,
 * and the ladder goes on without it.
 * @returns seconds to wait before the case is ripe; undefined when nothing is left to do.
 */
export async function sit(
  sitting: Sitting,
  { escrowId, round }: { escrowId: Hex; round: number },
): Promise<number | undefined> {
  const { db, clock } = sitting
  const state = await readEscrow(db, escrowId)
  if (!state || state.round !== round || state.proposed) return
  const forum = await readForum(db, state)
  if (!forum.open) return
  const ladder = ladderOf(state)
  if (ladder ? ladder.juryLimit === 0 : BigInt(state.terms.ladder) !== 0n) return
  const wait = evidenceEnd(state, forum.open.start) - clock.now()
  if (wait > 0) return wait

  const heardSince = forum.open.start
  const record =
    (await readVerdict(sitting, escrowId, round)) ?? (await hear(sitting, state, heardSince))
  if (!record || record.sellerBps === null) return
  // A doubtful number goes up where there is a rung above; else it is the best there is.
  const above = ladder !== null && (ladder.committeeLimit > 0 || ladder.moderatorLimit > 0)
  if (record.doubts.length > 0 && above) return
  const call = await callOf(sitting, state, forum, record)
  const key = `${call.functionName}/${escrowId}/${round}`
  await submit(db, { key, escrowId, call, at: clock.now() })
}

async function hear(
  { db, signer, clock, jury, blobs }: Sitting,
  state: EscrowState,
  start: number,
): Promise<VerdictRecord | undefined> {
  const { id, round, terms, clauses } = state
  const lock = await findLock(db, id)
  const packageHash = await assemblePackage({ db, signer, clock, blobs }, { escrowId: id, round })
  const blob = packageHash && (await blobs.find(packageHash))
  if (!lock || !packageHash || !blob) throw new EarnestError('package_unknown', 'No package')
  const bytes = await blobs.readWhole(blob.id)
  const hearing = await jury.hear({
    escrowId: id,
    pactId: lock.pactId,
    round,
    packageHash,
    evidence: await present(bytes, async (file, most) => {
      const located = await locateFiles(db, id, [file])
      return blobs.readStart(located.get(file.name) ?? '', most)
    }),
    fee: (terms.amount * BigInt(clauses.arbitrationFeeBps)) / 10_000n,
    capBps: capOf(bytes),
    families: await declaredModels(db, id, round),
    readers: lock.pact.disclosure.judges,
  })
  const at = clock.now()
  const absent = hearing.absent.map(({ provider, code }) => `${provider}: ${code}`)
  if (hearing.status === 'not_heard') {
    await db.transaction().execute((tx) =>
      append(tx, signer, [
        {
          action: 'jury_not_heard',
          subject: id,
          at,
          key: `jury/${id}/${round}`,
          data: { round, code: hearing.code, absent },
        },
      ]),
    )
    return undefined
  }
  const { record, plan } = hearing
  const recordHash = hashVerdict(record)
  // The log comes before any signature: one verdict for a round, for ever.
  await db.transaction().execute(async (tx) => {
    const logged = await append(tx, signer, [
      {
        action: 'jury_heard',
        subject: id,
        at,
        key: `jury/${id}/${round}`,
        data: {
          round,
          plan,
          recordHash,
          sellerBps: record.sellerBps,
          doubts: record.doubts,
          absent,
          seconds: at - start,
        },
      },
    ])
    // Another process was faster; its verdict is the one.
    if (logged === 0) return
    await tx
      .insertInto('verdict')
      .values({
        escrow_id: id,
        round,
        record_hash: recordHash,
        record: canonicalText(encode(verdictRecordSchema, record, 'invalid_verdict')),
        at,
      })
      .execute()
  })
  return readVerdict({ db }, id, round)
}

/**
 * With a ladder the arbiter keeps the verdict as a proposal, so that it can be appealed, whichever the
 * forum. Without one the escrow keeps it until its window ends; the vault knows rulings only.
 */
async function callOf(
  { chain, attestors }: Sitting,
  { id, round, terms }: EscrowState,
  { recourse, arbiter }: Forum,
  record: VerdictRecord,
): Promise<Call> {
  const { chainId, escrow: contract } = chain
  const sellerBps = BigInt(record.sellerBps ?? 0)
  const recordHash = toBytes32(hashVerdict(record))
  const decision = { chainId, escrowId: id, round: BigInt(round), sellerBps, recordHash }
  if (recourse && BigInt(terms.ladder) === 0n) {
    const { vault } = recourse
    const typedData = claimRulingTypedData({ ...decision, vault })
    const proof = await attestors.prove({ arbiter, kind: 'ruling', typedData })
    const args = [terms, sellerBps, recordHash, proof] as const
    const data = encodeFunctionData({ abi: bondVaultAbi, functionName: 'rule', args })
    return { functionName: 'rule', args, to: vault, data }
  }
  const typedData = proposalTypedData({ ...decision, contract })
  const proof = await attestors.prove({ arbiter, kind: 'proposal', typedData })
  const args = [terms, sellerBps, recordHash, proof] as const
  if (BigInt(terms.ladder) === 0n) return { functionName: 'propose', args }
  const data = encodeFunctionData({ abi: pactArbiterAbi, functionName: 'propose', args })
  return { functionName: 'propose', args, to: arbiter, data }
}

async function readVerdict(
  { db }: Pick<Context, 'db'>,
  escrowId: string,
  round: number,
): Promise<VerdictRecord | undefined> {
  const row = await db
    .selectFrom('verdict')
    .select('record')
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .executeTakeFirst()
  return row && verdictRecordSchema.decode(JSON.parse(row.record))
}

/** The models by which the seller says it worked: their families are recused. */
export async function declaredModels(
  db: Context['db'],
  escrowId: string,
  round: number,
): Promise<string[]> {
  const row = await db
    .selectFrom('completion')
    .select('proof')
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .executeTakeFirst()
  const metrics = row && JSON.parse(row.proof).executionMetrics
  return typeof metrics?.modelVersionUsed === 'string' ? [metrics.modelVersionUsed] : []
}
