import { pactEscrowAbi } from '@earnest/contracts'
import { readBalance } from '@earnest/sdk/escrow'
import { splitOf } from '@earnest/sdk/protocol'
import { type Address, getAddress, type Hex, parseEventLogs } from 'viem'
import type { LocalClient } from '../local/chain.ts'
import type { Deployment } from '../local/deploy.ts'

/** One escrow as its events tell it. */
export interface Entry {
  escrowId: Hex
  pactId: string
  buyer: Address
  seller: Address
  amount: bigint
  isDelivered: boolean
  /** How often a dispute began; none where a review ended with nobody's word. */
  disputes: number
  /** Undefined: the money is still locked. */
  ending:
    | 'Released'
    | 'Refunded'
    | 'Expired'
    | 'Settled'
    | 'Ruled'
    | 'Concluded'
    | 'Amended'
    | undefined
  /** The seller's share at its end, basis points. */
  sellerBps: number
  /** The arbiter has its fee. */
  isArbitrated: boolean
}

const SPAN = 2_000n
const endings: readonly string[] = [
  'Released',
  'Refunded',
  'Expired',
  'Settled',
  'Ruled',
  'Concluded',
  'Amended',
]

/** Every escrow of the contract, out of all its events. */
export async function readLedger(client: LocalClient, deployment: Deployment): Promise<Entry[]> {
  const latest = await client.getBlockNumber()
  const ledger = new Map<Hex, Entry>()
  for (let from = BigInt(deployment.startBlock); from <= latest; from += SPAN) {
    const toBlock = from + SPAN - 1n < latest ? from + SPAN - 1n : latest
    const logs = await client.getLogs({ address: deployment.escrow, fromBlock: from, toBlock })
    for (const { eventName, args } of parseEventLogs({ abi: pactEscrowAbi, logs })) {
      if (eventName === 'Funded') {
        const { id, buyer, seller, terms } = args
        const pactId = terms.pactHash.slice(2)
        const entry = { escrowId: id, pactId, buyer, seller, amount: terms.amount }
        const begun = { isDelivered: false, disputes: 0, ending: undefined }
        ledger.set(id, { ...entry, ...begun, sellerBps: 0, isArbitrated: false })
        continue
      }
      const entry = 'id' in args ? ledger.get(args.id) : undefined
      if (entry === undefined) continue
      if (eventName === 'Delivered') entry.isDelivered = true
      if (eventName === 'Disputed') entry.disputes++
      if (endings.includes(eventName)) entry.ending = eventName as 'Released'
      if (eventName === 'Released') entry.sellerBps = 10_000
      if (eventName === 'Settled' || eventName === 'Ruled' || eventName === 'Concluded') {
        entry.sellerBps = Number(args.sellerBps)
        entry.isArbitrated = args.arbitrationFee > 0n
      }
    }
  }
  return [...ledger.values()]
}

/** The fees that every pact of a market names, basis points. */
const fees = { protocolFeeBps: 50, arbitrationFeeBps: 100 }

/**
 * Compares every account with what the endings of the ledger should have left there, and the escrow
 * with what it should still hold; gives the sum of all differences in base units.
 * @param minted What each account was given before the first trade.
 */
export async function checkBalances(
  client: LocalClient,
  {
    deployment,
    ledger,
    minted,
  }: { deployment: Deployment; ledger: readonly Entry[]; minted: ReadonlyMap<Address, bigint> },
): Promise<{ mismatchedBaseUnits: bigint; faults: string[] }> {
  const { token, escrow, arbiter, feeRecipient } = deployment
  const should = new Map<Address, bigint>()
  const add = (owner: Address, amount: bigint) => {
    const key = getAddress(owner)
    should.set(key, (should.get(key) ?? 0n) + amount)
  }
  for (const [owner, amount] of minted) add(owner, amount)
  let [protocolFees, arbitrationFees] = [0n, 0n]
  for (const { buyer, seller, amount, ending, sellerBps, isArbitrated } of ledger) {
    add(buyer, -amount)
    add(escrow, amount)
    if (ending === undefined || ending === 'Amended') continue
    const split = splitOf({ amount, sellerBps, ...fees, arbitrated: isArbitrated })
    add(escrow, -split.seller - split.buyer)
    add(seller, split.seller)
    add(buyer, split.buyer)
    protocolFees += split.protocol
    arbitrationFees += split.arbitration
  }
  let mismatchedBaseUnits = 0n
  const faults: string[] = []
  const compare = (what: string, is: bigint, want: bigint) => {
    if (is === want) return
    mismatchedBaseUnits += is > want ? is - want : want - is
    faults.push(`${what} is ${is}, should be ${want}`)
  }
  for (const [owner, want] of should) {
    compare(owner, await readBalance(client, { token, owner }), want)
  }
  const creditOf = async (owner: Address) =>
    await client.readContract({
      abi: pactEscrowAbi,
      address: escrow,
      functionName: 'creditOf',
      args: [owner],
    })
  compare('fees', await creditOf(feeRecipient), protocolFees)
  compare('fees of the arbiter', await creditOf(arbiter), arbitrationFees)
  return { mismatchedBaseUnits, faults }
}
