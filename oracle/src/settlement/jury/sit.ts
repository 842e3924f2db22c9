import { pactArbiterAbi } from '@earnest/contracts'
import {
  canonicalText,
  EarnestError,
  encode,
  fromBytes32,
  hashVerdict,
  proposalTypedData,
  toBytes32,
  unpackLadder,
  type VerdictRecord,
  verdictRecordSchema,
} from '@earnest/sdk/protocol'
import { encodeFunctionData, type Hex } from 'viem'
import type { Chain } from '../../escrow/chain.ts'
import { readEscrow } from '../../escrow/fold.ts'
import type { EscrowState } from '../../escrow/state.ts'
import { submit } from '../../escrow/submit.ts'
import { findLock } from '../../negotiation/pact.ts'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'
import { locateFiles } from '../artifact.ts'
import type { Attestors } from '../attestor.ts'
import type { Blobs } from '../blob.ts'
import { assemblePackage } from '../package.ts'
import type { Jury } from './jury.ts'
import { capOf, present } from './present.ts'

export type Sitting = Context & {
  chain: Chain
  attestors: Attestors
  blobs: Blobs
  jury: Jury
}

/** The part of the jury's time that the parties have for evidence after the case arrived. */
const EVIDENCE_SHARE = 4

/**
 * The T1 rung: hears a case that stands in arbitration once the parties had their time for evidence,
 * logs the verdict and then proposes it on chain. A jury that cannot sit is logged, and the ladder goes
 * on without it.
 * @returns seconds to wait before the case is ripe; undefined when nothing is left to do.
 */
export async function sit(
  sitting: Sitting,
  { escrowId, round }: { escrowId: Hex; round: number },
): Promise<number | undefined> {
  const { db, clock } = sitting
  const state = await readEscrow(db, escrowId)
  if (state?.state !== 'Arbitration' || state.round !== round || state.proposed) return
  const ladder = unpackLadder(fromBytes32(state.terms.ladder))
  if (ladder && ladder.juryLimit === 0) return
  const started = state.timerEnd - state.clauses.arbitrationWindow
  const limit = ladder?.juryLimit ?? state.clauses.arbitrationWindow
  const wait = started + Math.floor(limit / EVIDENCE_SHARE) - clock.now()
  if (wait > 0) return wait

  const record = (await readVerdict(sitting, escrowId, round)) ?? (await hear(sitting, state))
  if (!record || record.sellerBps === null) return
  // A doubtful number goes up where there is a rung above; else it is the best there is.
  const above = ladder !== null && (ladder.committeeLimit > 0 || ladder.moderatorLimit > 0)
  if (record.doubts.length > 0 && above) return
  await propose(sitting, state, record)
}

async function hear(
  { db, signer, clock, jury, blobs }: Sitting,
  state: EscrowState,
): Promise<VerdictRecord | undefined> {
  const { id, round, terms, clauses } = state
  const lock = await findLock(db, id)
  const packageHash = await assemblePackage({ db, signer, clock, blobs }, { escrowId: id, round })
  const blob = packageHash && (await blobs.find(packageHash))
  if (!lock || !packageHash || !blob) throw new EarnestError('package_unknown', 'No package')
  const bytes = await blobs.readWhole(blob.id)
  const readFile = async (file: Parameters<Parameters<typeof present>[1]>[0]) => {
    const located = await locateFiles(db, id, [file])
    return blobs.readWhole(located.get(file.name) ?? '')
  }
  const hearing = await jury.hear({
    escrowId: id,
    pactId: lock.pactId,
    round,
    packageHash,
    evidence: await present(bytes, readFile),
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
          seconds: at - (state.timerEnd - clauses.arbitrationWindow),
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

async function propose(
  { db, chain, attestors, clock }: Sitting,
  { id, round, terms }: EscrowState,
  record: VerdictRecord,
): Promise<void> {
  const sellerBps = BigInt(record.sellerBps ?? 0)
  const recordHash = toBytes32(hashVerdict(record))
  const proof = await attestors.prove({
    arbiter: terms.arbiter,
    kind: 'proposal',
    typedData: proposalTypedData({
      chainId: chain.chainId,
      contract: chain.escrow,
      escrowId: id,
      round: BigInt(round),
      sellerBps,
      recordHash,
    }),
  })
  const args = [terms, sellerBps, recordHash, proof] as const
  // With a ladder the arbiter itself keeps the proposal, so that it can be appealed.
  const hasLadder = unpackLadder(fromBytes32(terms.ladder)) !== null
  const call = hasLadder
    ? {
        functionName: 'propose',
        args,
        to: terms.arbiter,
        data: encodeFunctionData({ abi: pactArbiterAbi, functionName: 'propose', args }),
      }
    : { functionName: 'propose', args }
  await submit(db, { key: `propose/${id}/${round}`, escrowId: id, call, at: clock.now() })
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
