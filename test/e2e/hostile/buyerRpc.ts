import { escrowOfPact } from '../../../sdk/src/escrow/client.ts'
import { fund } from '../../../sdk/src/escrow/fund.ts'
import { fundByAllowance } from '../../../sdk/src/escrow/fundByAllowance.ts'
import { fundByPermit } from '../../../sdk/src/escrow/fundByPermit.ts'
import { follow } from '../../../sdk/src/follow.ts'
import { createHints } from '../../../sdk/src/hints.ts'
import { createManualClock } from '../../../sdk/src/protocol/clock.ts'
import { isEarnestError } from '../../../sdk/src/protocol/error.ts'
import { decodePact, hashPact, type SignedPact, signPact } from '../../../sdk/src/protocol/pact.ts'
import { defaultSettlePolicy } from '../../../sdk/src/settlement/settle.ts'
import { createOracleClient } from '../../../sdk/src/trust/oracle.ts'
import { NOW, party, type Quiet } from '../a2a/quietSeller.ts'
import type { Attack, Case } from './case.ts'
import { pactOf } from './conversation.ts'
import { type Claims, claimingRpc, clientOf, silentRpc } from './rpc.ts'

const buyer = party(17)
const seller = party(34)
const thief = party(99)
const clock = createManualClock(NOW)
const pact = decodePact(pactOf({ buyer, owner: seller, clock } as Quiet))
const signed: SignedPact = {
  pact,
  pactHash: hashPact(pact),
  buyerSignature: signPact({ pact, identity: buyer.identity }),
  sellerSignature: signPact({ pact, identity: seller.identity }),
}
const rpcOf = (claims: Claims | undefined) =>
  claims === undefined ? silentRpc : claimingRpc(claims)

type Row = [attack: Attack, what: string, answer: string, act: () => Promise<string>]

/** What a buyer says of a trade after one look through these RPCs; it must not act on any of it. */
const looking =
  (...rpcs: (Claims | undefined)[]) =>
  async () => {
    const [wallet, ...witnesses] = rpcs.map((claims) => clientOf(rpcOf(claims), buyer))
    if (wallet === undefined) throw new Error('no RPC')
    const reasons: string[] = []
    const acted = () => {
      throw new Error('acted on a word that not all confirm')
    }
    const oracle = createOracleClient({
      url: 'http://oracle.test',
      did: buyer.identity.did,
      clock,
      fetch: acted,
    })
    const { status, settlement } = await follow({
      wallet,
      witnesses,
      oracle,
      clock,
      hints: createHints({ oracle, agent: buyer.identity.did }),
      relay: acted,
      pact,
      milestone: 0,
      escrow: escrowOfPact({ pact }),
      policy: defaultSettlePolicy,
      timeoutMs: 0,
      pollIntervalMs: 1,
      remind: acted,
      object: acted,
      claim: acted,
      fileClaims: acted,
      onProgress: (progress) => {
        if (progress.step === 'waiting') reasons.push(progress.reason)
      },
    })
    return settlement === undefined ? `${status}: ${reasons.join(', ')}` : status
  }

const funding =
  (claims: Claims | undefined, way = fund, changes: Partial<SignedPact> = {}, by = buyer) =>
  async () => {
    try {
      await way(clientOf(rpcOf(claims), by), { signed: { ...signed, ...changes } })
      return 'taken'
    } catch (error) {
      if (!isEarnestError(error)) throw error
      return error.code
    }
  }
const dearer = { ...pact, paymentUsdc: 11_000_000n }

const follows: Row[] = [
  ['down', 'the RPC does not answer', 'pending: chain_unreachable', looking(undefined)],
  [
    'down',
    'one of two RPCs does not answer',
    'pending: chain_unreachable',
    looking({ state: 'Completed', round: 1 }, undefined),
  ],
  [
    'wrong chain',
    'the RPC serves another chain',
    'pending: wrong_chain',
    looking({ state: 'Completed', chainId: 8453 }),
  ],
  [
    'lying',
    'one RPC calls the trade refunded, the other shows it funded',
    'pending: rpc_disagreement',
    looking({ state: 'Refunded' }, { state: 'Funded' }),
  ],
  [
    'lying',
    'one RPC calls it delivered and passed, the other shows it funded',
    'pending: rpc_disagreement',
    looking({ state: 'Delivered', round: 1, result: 1 }, { state: 'Funded' }),
  ],
  [
    'lying',
    'the RPCs show different results',
    'pending: rpc_disagreement',
    looking(
      { state: 'Delivered', round: 1, result: 1 },
      { state: 'Delivered', round: 1, result: 3 },
    ),
  ],
  [
    'lying',
    'the RPCs show different rounds',
    'pending: rpc_disagreement',
    looking({ state: 'Delivered', round: 1 }, { state: 'Delivered', round: 2 }),
  ],
  [
    'lying',
    'one of three RPCs shows a dispute',
    'pending: rpc_disagreement',
    looking({ state: 'Funded' }, { state: 'Funded' }, { state: 'Disputed', round: 1 }),
  ],
  [
    'malformed',
    'the RPC answers half a word',
    'pending: chain_unreachable',
    looking({ state: 'Funded', call: () => '0x01' }),
  ],
]

const funds: Row[] = Object.entries({ fund, fundByPermit, fundByAllowance }).flatMap(
  ([name, way]): Row[] => [
    ['down', `${name}, and the RPC does not answer`, 'chain_unreachable', funding(undefined, way)],
    [
      'wrong chain',
      `${name}, and the RPC serves another chain`,
      'wrong_chain',
      funding({ chainId: 8453 }, way),
    ],
    [
      'replayed',
      `${name}, and the pact was funded and has ended`,
      'escrow_not_open',
      funding({ state: 'Refunded' }, way),
    ],
    [
      'lying',
      `${name} of other terms than were signed`,
      'pact_hash_mismatch',
      funding({}, way, { pact: dearer }),
    ],
    [
      'lying',
      `${name} of other terms under their own hash`,
      'invalid_buyer_signature',
      funding({}, way, { pact: dearer, pactHash: hashPact(dearer) }),
    ],
    [
      'wrong key',
      `${name} of a pact that the seller did not sign`,
      'invalid_seller_signature',
      funding({}, way, { sellerSignature: signed.buyerSignature }),
    ],
    [
      'wrong key',
      `${name} by another wallet than the buyer’s`,
      'wrong_wallet',
      funding({}, way, {}, thief),
    ],
    [
      'malformed',
      `${name}, and the RPC answers nothing`,
      'chain_unreachable',
      funding({ call: () => '0x' }, way),
    ],
  ],
)

const cases = (on: string, rows: Row[]): Case<void>[] =>
  rows.map(([attack, what, answer, act]) => ({ on, attack, what, answer, act }))

/** What a buyer makes of RPCs that are away, elsewhere, lying or at odds. */
export const buyerRpcCases: readonly Case<void>[] = [
  ...cases('a look at the chain', follows),
  ...cases('funding', funds),
]
