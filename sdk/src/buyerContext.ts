import type { DiscoverOptions } from './discovery/discover.ts'
import type { EscrowClient, ReadClient } from './escrow/client.ts'
import { fund } from './escrow/fund.ts'
import { createHints } from './hints.ts'
import { createMemoryStore } from './memoryStore.ts'
import { type Channel, createChannel } from './negotiation/channel.ts'
import type { BuyerPolicy } from './negotiation/evaluateCounter.ts'
import type { OwnerDesk } from './owner/desk.ts'
import { createPartners, type Partners, type TrustedPair } from './partners.ts'
import type { Progress } from './progress.ts'
import type { Clock } from './protocol/clock.ts'
import { EarnestError } from './protocol/error.ts'
import type { Identity } from './protocol/identity.ts'
import type { KeyResolver } from './protocol/key.ts'
import type { Store } from './protocol/store.ts'
import type { WalletVerifier } from './protocol/wallet.ts'
import type { Stage } from './receipts.ts'
import { relayOf } from './relay.ts'
import { defaultSettlePolicy, type SettlePolicy } from './settlement/settle.ts'
import type { Fund, StageContext } from './stage.ts'
import type { OracleClient } from './trust/oracle.ts'
import { defaultTrustPolicy, type TrustPolicy } from './trust/policy.ts'
import type { Venue } from './venue.ts'
import { createWitness } from './witness.ts'

/** What a buyer is made of. */
export interface BuyerOptions {
  identity: Identity
  /** Client of the buyer's wallet. */
  wallet: EscrowClient
  /**
   * Further RPCs: what one shows and another does not is not believed, so that no single RPC can make the
   * buyer release, dispute or call a trade ended.
   */
  witnesses?: readonly ReadClient[]
  /** The buyer's own list; the first one witnesses the trade, all must approve of the seller (W-11). */
  oracles: readonly OracleClient[]
  clock: Clock
  /**
   * Where the money may lie and who may judge; an oracle that names others is refused. Default: the first
   * word of each oracle, kept in the journal and held against every later one.
   */
  venue?: Venue
  trustPolicy?: TrustPolicy
  /** Default: pays what it proposed, and nothing else changes. */
  negotiationPolicy?: Partial<BuyerPolicy>
  settlePolicy?: SettlePolicy
  /** After a milestone has ended: whether the next is funded. Default: only where it was paid in full. */
  fundNext?: (done: Stage) => boolean | Promise<boolean>
  /** Default: in memory, lost with the process. */
  journal?: Store
  /** True: the oracle's relay sends what the buyer signs, with the buyer's own sending behind it. */
  useRelay?: boolean
  /**
   * Pays a bonded seller as soon as its work passed, where the first oracle's quote for this buyer, who has to
   * be registered there, advises it. While the review would have run the buyer claims against the bond where
   * its own checks fail, and tells `not_claimed` where by the oracle's prices nobody would hear that; if nobody
   * rules on a claim, the payment stands and the stake is lost. Default false.
   */
  instantRelease?: boolean
  /**
   * A seller that this buyer has paid in full so often is hired by the card that was proven within ten
   * minutes, and the review that this buyer proposes is halved where the first oracle counts as many trades of
   * the two, none that failed, and a bond behind them. Never with a flag on the seller. Record, terms and lock
   * are checked as ever. Default: none is.
   */
  trustedPair?: TrustedPair
  /** How the money is locked; default `fund` (ERC-3009). `fundByPermit`, `fundByAllowance` for wallets that cannot. */
  fund?: Fund
  /** Default 3. */
  rounds?: number
  keyOf?: KeyResolver
  verifyWallet?: WalletVerifier
  fetch?: typeof globalThis.fetch
  /** Milliseconds that `hire` waits for the end; a wait that runs out changes nothing (W-21). */
  timeoutMs?: number
  pollIntervalMs?: number
  onProgress?: (progress: Progress) => void
  /** The desk at which this agent's owner is called and orders; see `@earnest/sdk/owner`. */
  owner?: Pick<OwnerDesk, 'attachBuyer' | 'observe'>
}

/** What a buyer brings to every step of its trades. */
export interface BuyerContext extends StageContext {
  oracles: readonly OracleClient[]
  venue: Venue | undefined
  trustPolicy: TrustPolicy
  negotiationPolicy: Partial<BuyerPolicy>
  rounds: number | undefined
  instantRelease: boolean
  /** Trades that make a trusted pair; undefined: none does. */
  trustedPair: number | undefined
  journal: Store
  owner: BuyerOptions['owner']
  partners: Partners
  /** What reading a card takes. */
  reading: DiscoverOptions
  fundNext(done: Stage): boolean | Promise<boolean>
  /** The way to a seller's endpoint. */
  channelTo(endpoint: string): Channel
}

/** Fills in what the options leave out. Throws `no_oracle`. */
export function openBuyer(options: BuyerOptions): BuyerContext {
  const { identity, clock, oracles, owner, keyOf, verifyWallet } = options
  const { pollIntervalMs = 2_000 } = options
  const [oracle] = oracles
  if (oracle === undefined) throw new EarnestError('no_oracle', 'Name at least one oracle')
  const fetching = options.fetch && { fetch: options.fetch }
  return {
    identity,
    wallet: options.wallet,
    witnesses: options.witnesses ?? [],
    oracles,
    oracle,
    witness: createWitness({ oracle, keyOf, verifyWallet, pollIntervalMs }),
    clock,
    venue: options.venue,
    trustPolicy: options.trustPolicy ?? defaultTrustPolicy,
    negotiationPolicy: options.negotiationPolicy ?? {},
    settlePolicy: options.settlePolicy ?? defaultSettlePolicy,
    rounds: options.rounds,
    instantRelease: options.instantRelease === true,
    trustedPair: options.trustedPair?.minTransactions,
    journal: options.journal ?? createMemoryStore(),
    owner,
    partners: createPartners(options.trustedPair, clock),
    fund: options.fund ?? fund,
    relay: options.useRelay ? relayOf(oracle) : undefined,
    keyOf,
    reading: { clock, ...fetching, ...(verifyWallet && { verifyWallet }) },
    hints: createHints({ oracle, agent: identity.did }),
    timeoutMs: options.timeoutMs ?? 600_000,
    pollIntervalMs,
    fundNext: options.fundNext ?? ((done) => done.settlementStatus === 'released'),
    onProgress(progress) {
      options.onProgress?.(progress)
      void owner?.observe({ type: 'progress', progress })
    },
    channelTo: (endpoint) => createChannel({ endpoint, identity, clock, ...fetching }),
  }
}
