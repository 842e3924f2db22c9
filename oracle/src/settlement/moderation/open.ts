import { EarnestError, fromBytes32, type Manifest, manifestSchema } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { readEscrow } from '../../escrow/fold.ts'
import type { EscrowState } from '../../escrow/state.ts'
import { findLock } from '../../negotiation/pact.ts'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'
import { locateFiles } from '../artifact.ts'
import type { Blobs } from '../blob.ts'
import { readCompletion } from '../completion.ts'
import { assemblePackage } from '../package.ts'
import { readWaiting, type Waiting } from './queue.ts'

type Opening = Context & { blobs: Blobs }

/** A case with everything that its moderator reads. */
export type OpenCase = Waiting & {
  packageHash: string
  /** The package as it is stored: words of the parties, to be shown as text. */
  papers: Record<string, unknown>
  /** Files that the pact lets a tribunal open; none where it does not. */
  files: Manifest
}

/**
 * Opens a case to a moderator and notes that it was read: the papers as any other tribunal gets them.
 * @throws escrow_unknown, decision_closed
 */
export async function openCase(
  opening: Opening,
  { escrowId, by }: { escrowId: Hex; by: string },
): Promise<OpenCase> {
  const { db, signer, clock, blobs } = opening
  const { waiting, round } = await findWaiting(opening, escrowId)
  const packageHash = await assemblePackage(opening, { escrowId, round })
  const blob = packageHash && (await blobs.find(packageHash))
  if (!packageHash || !blob) throw new EarnestError('decision_closed', 'The case moved on')
  const bytes = await blobs.readWhole(blob.id)
  const data = { by, round, packageHash }
  const at = clock.now()
  await append(db, signer, [{ action: 'package_read', subject: escrowId, at, data }])
  return {
    ...waiting,
    packageHash,
    papers: JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>,
    files: await filesOf(opening, waiting.state),
  }
}

/**
 * One delivered file, where the pact's disclosure lets a tribunal read it; that it was read is noted.
 * @throws escrow_unknown, decision_closed, artifact_unknown
 */
export async function openFile(
  opening: Opening,
  { escrowId, name, by }: { escrowId: Hex; name: string; by: string },
): Promise<{ name: string; size: number; bytes: AsyncIterable<Uint8Array> }> {
  const { db, signer, clock, blobs } = opening
  const { waiting, round } = await findWaiting(opening, escrowId)
  const file = (await filesOf(opening, waiting.state)).find((each) => each.name === name)
  if (!file) throw new EarnestError('artifact_unknown', 'No such file, or not for a tribunal')
  const located = await locateFiles(db, escrowId, [file])
  const data = { by, round, sha256: file.sha256 }
  const at = clock.now()
  await append(db, signer, [{ action: 'artifact_read', subject: escrowId, at, data }])
  return { name, size: file.size, bytes: blobs.read(located.get(name) ?? '') }
}

async function findWaiting({ db }: Opening, escrowId: Hex) {
  const state = await readEscrow(db, escrowId)
  if (!state) throw new EarnestError('escrow_unknown', 'No such escrow')
  const waiting = await readWaiting(db, state)
  if (!waiting) throw new EarnestError('decision_closed', 'Not a case for a moderator')
  return { waiting, round: state.round }
}

async function filesOf({ db }: Opening, state: EscrowState): Promise<Manifest> {
  const lock = await findLock(db, state.id)
  if (!lock?.pact.disclosure.committee) return []
  const completion = await readCompletion(db, state.id, state.round)
  if (!completion || !state.artifactHash) return []
  if (completion.artifact_hash !== fromBytes32(state.artifactHash)) return []
  return manifestSchema.decode(JSON.parse(completion.manifest))
}
