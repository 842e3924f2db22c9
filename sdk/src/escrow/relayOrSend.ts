import { pactEscrowAbi } from '@earnest/contracts'
import { type Address, encodeFunctionData, type Hash, type Hex } from 'viem'
import { getTransaction, getTransactionReceipt, waitForTransactionReceipt } from 'viem/actions'
import { isSameAddress } from '../protocol/address.ts'
import type { ContractRef } from '../protocol/terms.ts'
import type { EscrowClient, ReadClient, Relay, Sent } from './client.ts'
import { type Call, send } from './send.ts'

/** Milliseconds for which a relay's transaction is waited for: ten blocks of Base. */
const PATIENCE = 20_000

/** A signed call as the chain shows that it was carried out. */
interface Handed {
  data: Hex
  contract: Address
  /** The first topic after the name in each event of the call: the escrow's id, or the owner of a credit. */
  about: Hex
}

/**
 * Hands signed calldata to the relay; where the chain does not show within the relay's `patience` that the
 * relay carried it out, the client sends it itself.
 */
export async function relayOrSend(
  client: EscrowClient,
  { relay, about, ...ref }: ContractRef & { relay: Relay; about: Hex },
  call: Call,
): Promise<Sent> {
  const data = encodeFunctionData({ abi: pactEscrowAbi, ...call } as never)
  const handed = { data, contract: ref.contract, about }
  return await relayOr(client, { relay, ...handed }, () => send(client, ref, call))
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
 * smart account, and made the contract say something about this escrow: one that is wrapped may fail within.
 */
async function findRelayed(
  client: ReadClient,
  options: Handed & { txHash: Hash; timeout: number },
): Promise<Sent | undefined> {
  const { data, contract, about, timeout } = options
  try {
    const ask = { hash: options.txHash, timeout }
    // Asked together: mostly both are there, under the hash that the relay said.
    const named = getTransaction(client, ask)
    named.catch(() => {})
    // What is there already is found however short the patience is.
    const receipt = await getTransactionReceipt(client, ask).catch(() =>
      waitForTransactionReceipt(client, ask),
    )
    // A relay that pays more for the same place in its queue has another hash than it said.
    const { transactionHash: txHash, blockNumber, status, logs } = receipt
    const again = () => getTransaction(client, { hash: txHash })
    const { input } = txHash === ask.hash ? await named.catch(again) : await again()
    const isDone =
      status === 'success' &&
      input.includes(data.slice(2).toLowerCase()) &&
      logs.some(({ address, topics }) => isSameAddress(address, contract) && topics[1] === about)
    return isDone ? { txHash, blockNumber } : undefined
  } catch {
    return undefined
  }
}
