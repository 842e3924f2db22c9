import { pactEscrowAbi } from '@earnest/contracts'
import {
  type Abi,
  type Address,
  type ContractEventName,
  encodeFunctionData,
  type GetEventArgs,
  type Hash,
  type Hex,
  parseEventLogs,
} from 'viem'
import { getTransaction, getTransactionReceipt } from 'viem/actions'
import { isSameAddress } from '../protocol/address.ts'
import type { ContractRef } from '../protocol/terms.ts'
import type { EscrowClient, ReadClient, Relay, Sent } from './client.ts'
import { awaitReceipt } from './receipt.ts'
import { type Call, send } from './send.ts'

/** Milliseconds for which a relay's transaction is waited for: ten blocks of Base. */
const PATIENCE = 20_000

type EventName = ContractEventName<typeof pactEscrowAbi>
type Said<N extends EventName> = GetEventArgs<
  typeof pactEscrowAbi,
  N,
  { EnableUnion: true; IndexedOnly: false; Required: false }
>

/** The event by which PactEscrow says that a verb was done, and what it says beside the escrow's id; of several ids each. */
export type Done = { [N in EventName]: { eventName: N; args?: Said<N> } }[EventName]

/** A signed call as the chain shows that it was carried out. */
interface Handed {
  data: Hex
  contract: Address
  abi: Abi
  eventName: string
  args: { id?: unknown }
}

/**
 * Hands signed calldata to the relay; where the chain does not show within the relay's `patience` that the
 * relay carried it out, the client sends it itself.
 */
export async function relayOrSend(
  client: EscrowClient,
  {
    relay,
    eventName,
    args,
    escrowId: id,
    ...ref
  }: ContractRef & Done & { relay: Relay; escrowId?: Hex },
  call: Call,
): Promise<Sent> {
  const abi = pactEscrowAbi
  const data = encodeFunctionData({ abi, ...call } as never)
  const said = { eventName, args: { id, ...args } }
  const handed = { relay, data, contract: ref.contract, abi, ...said }
  return await relayOr(client, handed, () => send(client, ref, call))
}

/** The same for a call of any contract, which `itself` sends. */
export async function relayOr(
  client: ReadClient,
  { relay, ...handed }: Handed & { relay: Relay },
  itself: () => Promise<Sent>,
): Promise<Sent> {
  const txHash = await relay(handed.data).catch(() => undefined)
  if (txHash === undefined) return await itself()
  const look = () => findRelayed(client, { txHash, timeout: relay.patience ?? PATIENCE, ...handed })
  const relayed = await look()
  if (relayed !== undefined) return relayed
  // Both may be under way from here on, and nothing happens twice: whichever is first uses up what the call
  // is bound to (the escrow's id or `seq`, the reservation's state, the owner's nonce), the other reverts.
  try {
    return await itself()
  } catch (error) {
    const late = await look()
    if (late === undefined) throw error
    return late
  }
}

/**
 * A relay may name any hash. Its own transaction succeeded, has our signed bytes in it, bare or wrapped by a
 * smart account, and made the contract say that this very verb was done: what is wrapped may fail within, and
 * what is carried as junk stands beside what somebody else signed.
 */
async function findRelayed(
  client: ReadClient,
  options: Handed & { txHash: Hash; timeout: number },
): Promise<Sent | undefined> {
  const { data, contract, timeout, txHash: hash, ...said } = options
  try {
    const ask = { hash, timeout }
    // Asked together: mostly both are there, under the hash that the relay said.
    const named = getTransaction(client, ask)
    named.catch(() => {})
    // What is there already is found however short the patience is.
    const receipt = await getTransactionReceipt(client, ask).catch(() => awaitReceipt(client, ask))
    // A relay that pays more for the same place in its queue has another hash than it said.
    const { transactionHash: txHash, blockNumber, logs } = receipt
    const again = () => getTransaction(client, { hash: txHash })
    const { input } = txHash === ask.hash ? await named.catch(again) : await again()
    // One that was reverted says nothing.
    const own = logs.filter(({ address }) => isSameAddress(address, contract))
    const isDone =
      input.includes(data.slice(2).toLowerCase()) &&
      parseEventLogs({ ...said, logs: own } as never).length >= [said.args.id].flat().length
    return isDone ? { txHash, blockNumber } : undefined
  } catch {
    return undefined
  }
}
