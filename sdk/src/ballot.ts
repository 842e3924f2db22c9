import { bytesToHex, type Hex } from 'viem'
import type { Duty } from './duty.ts'
import type { EscrowClient, Sent } from './escrow/client.ts'
import { callCommittee, readCourt } from './escrow/court.ts'
import { voteCommitment } from './protocol/draw.ts'
import { EarnestError } from './protocol/error.ts'
import type { Store } from './protocol/store.ts'

/** A vote with the salt that hides it until the reveal. */
interface Ballot {
  sellerBps: number
  salt: Hex
}

const keyOf = ({ escrow, panel }: Duty) => `member/ballot/${escrow.escrowId}/${panel}`

/**
 * Commits to a vote. The salt is on disk before the commitment leaves, and every salt is kept until
 * the panel is over: whichever commitment the chain took can be revealed after a crash. Throws
 * `invalid_vote`, `not_seated`, `already_committed`, `after_phase`, `before_phase`.
 */
export async function commitVote(
  client: EscrowClient,
  { duty, sellerBps, store }: { duty: Duty; sellerBps: number; store: Store },
): Promise<Sent> {
  if (!Number.isInteger(sellerBps) || sellerBps < 0 || sellerBps > 10_000) {
    throw new EarnestError('invalid_vote', 'A vote is 0 to 10000 basis points')
  }
  const { escrow, panel, drawn, index } = duty
  const kept = await ballotsOf(store, duty)
  let ballot = kept.find((each) => each.sellerBps === sellerBps)
  if (!ballot) {
    ballot = { sellerBps, salt: bytesToHex(crypto.getRandomValues(new Uint8Array(32))) }
    await store.set(keyOf(duty), [...kept, ballot])
  }
  const court = await readCourt(client, { ...escrow, arbiter: escrow.terms.arbiter })
  const commitment = commitmentOf(client, duty, ballot)
  const args = [escrow.escrowId, BigInt(panel), drawn, BigInt(index), commitment]
  return await callCommittee(client, court, 'commit', args)
}

/** The vote that was chosen for a panel before, if any: it is never asked for twice. */
export async function readBallot(store: Store, duty: Duty): Promise<number | undefined> {
  return (await ballotsOf(store, duty)).at(-1)?.sellerBps
}

/**
 * Reveals the vote that the chain holds the commitment of. Throws `not_committed`, `ballot_lost`
 * where this store never held its salt, `before_phase`, `after_phase`.
 */
export async function revealVote(
  client: EscrowClient,
  { duty, store }: { duty: Duty; store: Store },
): Promise<Sent> {
  const { escrow, panel, seat, commitment } = duty
  if (commitment === null) throw new EarnestError('not_committed', 'There is nothing to reveal')
  const ballot = (await ballotsOf(store, duty)).find(
    (each) => commitmentOf(client, duty, each) === commitment,
  )
  if (!ballot) throw new EarnestError('ballot_lost', 'The salt of this commitment is not here')
  const court = await readCourt(client, { ...escrow, arbiter: escrow.terms.arbiter })
  const args = [
    escrow.escrowId,
    BigInt(panel),
    BigInt(seat ?? 0),
    BigInt(ballot.sellerBps),
    ballot.salt,
  ]
  return await callCommittee(client, court, 'reveal', args)
}

async function ballotsOf(store: Store, duty: Duty): Promise<Ballot[]> {
  return ((await store.get(keyOf(duty))) as Ballot[] | undefined) ?? []
}

function commitmentOf(client: EscrowClient, { escrow, panel }: Duty, ballot: Ballot): Hex {
  return voteCommitment({
    chainId: escrow.chainId,
    arbiter: escrow.terms.arbiter,
    escrowId: escrow.escrowId,
    panel: BigInt(panel),
    voter: client.account.address,
    sellerBps: BigInt(ballot.sellerBps),
    salt: ballot.salt,
  })
}
