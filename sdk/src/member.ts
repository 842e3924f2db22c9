import type { Address } from 'viem'
import { erc20Abi } from 'viem'
import { readContract } from 'viem/actions'
import { commitVote, readBallot, revealVote } from './ballot.ts'
import { type Duty, listDuties } from './duty.ts'
import { readMember } from './escrow/advance.ts'
import type { EscrowClient, Sent } from './escrow/client.ts'
import { approveStake, type Court, callCommittee, readCourt } from './escrow/court.ts'
import { mapErrors } from './escrow/send.ts'
import type { MemberAccount } from './protocol/eligibility.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import type { JsonValue } from './protocol/json.ts'
import type { Store } from './protocol/store.ts'
import type { OracleClient } from './trust/oracle.ts'

export type { Duty } from './duty.ts'
export { createFileStore } from './fileStore.ts'
export { createMemoryStore } from './memoryStore.ts'
export type { MemberAccount } from './protocol/eligibility.ts'
export { createOracleClient, type OracleClient } from './trust/oracle.ts'

/**
 * Decides a case: the seller's share in basis points, or null to stay away, which costs a tenth of a
 * full stake. What the evidence says is data, never an instruction.
 */
export type VotePolicy = (options: {
  duty: Duty
  /** The evidence package, as the jury saw it; null without an oracle. */
  evidence: JsonValue | null
}) => number | null | Promise<number | null>

/** What a member is made of. */
export interface MemberOptions {
  /** A viem client whose account holds the stake. */
  wallet: EscrowClient
  chainId: number
  /** The escrow contract. */
  contract: Address
  /** The arbiter whose committee it sits on. */
  arbiter: Address
  /** The token of the stake. */
  token: Address
  /** Keeps votes and salts; a file store survives a crash, a memory store does not. */
  store: Store
  /** Votes where the member does not call `commit` itself. */
  policy?: VotePolicy
  /** Gives the evidence; signs with the agent that is registered with this wallet. */
  oracle?: OracleClient
  startBlock?: bigint
}

/** Something that a member did by itself, or could not do. */
export type MemberAct =
  | { act: 'committed' | 'revealed'; duty: Duty; sent: Sent }
  | { act: 'abstained'; duty: Duty }
  | { act: 'failed'; duty: Duty; code: string; retryable: boolean }

/** A member of a committee. */
export interface Member {
  readonly address: Address
  /** Stakes what is missing to a full stake and joins. Throws `already_member`, `before_stake_ready`. */
  join(): Promise<Sent>
  /** Fills the stake up again after a slashing; the same call as `join`. */
  topUp(): Promise<Sent>
  /** Asks the stake back; it is ready 31 days later. Throws `not_member`. */
  resign(): Promise<Sent>
  /** Turns the stake into credit, once it is ready. Throws `before_stake_ready`. */
  withdrawStake(): Promise<Sent>
  /** Sends all credit (pay, and a stake that came back) to an address. Throws `nothing_owed`. */
  withdraw(to?: Address): Promise<Sent>
  account(): Promise<MemberAccount>
  /** Panels that it was drawn for and that are not over. */
  listDuties(): Promise<Duty[]>
  commit(duty: Duty, sellerBps: number): Promise<Sent>
  reveal(duty: Duty): Promise<Sent>
  /** One round of everything that is due: asks the policy, commits, reveals. */
  work(): Promise<MemberAct[]>
  /** Works until `stop`, every so many milliseconds; what goes wrong is told and tried again. */
  start(options?: {
    pollMs?: number
    onAct?: (act: MemberAct) => void
    onError?: (error: unknown) => void
  }): void
  stop(): Promise<void>
}

/**
 * A member of a committee: stakes, finds the panels it is drawn for on the chain, votes by its policy,
 * and survives a crash between commitment and reveal.
 * @example
 * const member = createMember({ wallet, chainId, contract, arbiter, token, store, policy: () => 5_000 })
 * await member.join()
 * member.start()
 */
export function createMember(options: MemberOptions): Member {
  const { wallet, chainId, contract, arbiter, token, store, policy, oracle } = options
  const address = wallet.account.address
  let court: Promise<Court> | undefined
  const courtOf = () => {
    court ??= readCourt(wallet, { chainId, arbiter }).catch((error: unknown) => {
      court = undefined
      throw error
    })
    return court
  }
  const committee = async (verb: 'resign' | 'withdrawStake' | 'withdraw', args: unknown[] = []) =>
    callCommittee(wallet, await courtOf(), verb, args)
  const duties = () =>
    listDuties(wallet, {
      chainId,
      contract,
      arbiter,
      member: address,
      store,
      ...(options.startBlock !== undefined && { startBlock: options.startBlock }),
    })
  let running: { stop(): void; ended: Promise<void> } | undefined

  const member: Member = {
    address,
    join,
    topUp: join,
    resign: () => committee('resign'),
    withdrawStake: () => committee('withdrawStake'),
    withdraw: (to = address) => committee('withdraw', [to]),
    account: async () =>
      readMember(wallet, { committee: (await courtOf()).committee, member: address }),
    listDuties: duties,
    commit: (duty, sellerBps) => commitVote(wallet, { duty, sellerBps, store }),
    reveal: (duty) => revealVote(wallet, { duty, store }),
    work,
    start({ pollMs = 5_000, onAct = () => {}, onError = () => {} } = {}) {
      running ??= loop(pollMs, onAct, onError)
    },
    async stop() {
      running?.stop()
      await running?.ended
      running = undefined
    },
  }
  return member

  async function join(): Promise<Sent> {
    const { committee: spender, memberStake } = await courtOf()
    const { stake } = await member.account()
    const missing = memberStake - stake
    const allowance = await mapErrors(() =>
      readContract(wallet, {
        address: token,
        abi: erc20Abi,
        functionName: 'allowance',
        args: [address, spender],
      }),
    )
    if (allowance < missing) {
      await approveStake(wallet, { chainId, token, committee: spender, amount: missing })
    }
    return await callCommittee(wallet, await courtOf(), 'join', [])
  }

  async function work(): Promise<MemberAct[]> {
    const acts: MemberAct[] = []
    for (const duty of await duties()) {
      try {
        const act = await serve(duty)
        if (act) acts.push(act)
      } catch (error) {
        // One case that cannot be served must not cost the others.
        if (!isEarnestError(error)) throw error
        acts.push({ act: 'failed', duty, code: error.code, retryable: error.retryable })
      }
    }
    return acts
  }

  async function serve(duty: Duty): Promise<MemberAct | undefined> {
    const { phase, seat, commitment, revealed } = duty
    if (seat === null) return undefined
    if (phase === 'reveal' && commitment !== null && revealed === null) {
      return { act: 'revealed', duty, sent: await member.reveal(duty) }
    }
    if (phase !== 'commit' || commitment !== null) return undefined
    const sellerBps = (await readBallot(store, duty)) ?? (await decide(duty))
    if (sellerBps === null) return { act: 'abstained', duty }
    return { act: 'committed', duty, sent: await member.commit(duty, sellerBps) }
  }

  async function decide(duty: Duty): Promise<number | null> {
    if (!policy) throw new EarnestError('policy_missing', 'Nobody told this member how to vote')
    const params = { escrowId: duty.escrow.escrowId }
    const evidence = oracle ? (await oracle.call('getPackage', { params })).package : null
    return await policy({ duty, evidence })
  }

  function loop(
    pollMs: number,
    onAct: (act: MemberAct) => void,
    onError: (error: unknown) => void,
  ) {
    const stopping = new AbortController()
    const pause = () =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pollMs)
        stopping.signal.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      })
    const ended = (async () => {
      while (!stopping.signal.aborted) {
        try {
          for (const act of await work()) onAct(act)
        } catch (error) {
          onError(error)
        }
        await pause()
      }
    })()
    return { stop: () => stopping.abort(), ended }
  }
}
