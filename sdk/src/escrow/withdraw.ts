import { pactEscrowAbi } from '@earnest/contracts'
import type { Address, TypedDataDefinition } from 'viem'
import { readContract, signTypedData } from 'viem/actions'
import { encodeAuthorization, withdrawTypedData } from '../protocol/authorization.ts'
import type { ContractRef } from '../protocol/terms.ts'
import type { EscrowClient, ReadClient, Relay, Sent } from './client.ts'
import { readChainTime } from './readEscrow.ts'
import { relayOrSend } from './relayOrSend.ts'
import { mapErrors, send } from './send.ts'

const VALIDITY = 3600

/** Base units that wait for their owner because a transfer failed, or that are fees. */
export async function readCredit(
  client: ReadClient,
  { contract, owner }: { contract: Address; owner: Address },
): Promise<bigint> {
  return await mapErrors(() =>
    readContract(client, {
      abi: pactEscrowAbi,
      address: contract,
      functionName: 'creditOf',
      args: [owner],
    }),
  )
}

/** Sends the whole credit of the client's account to an address of its choice. Throws `nothing_to_withdraw`, `invalid_recipient`. */
export async function withdraw(
  client: EscrowClient,
  { contract, chainId, to, relay }: ContractRef & { to: Address; relay?: Relay },
): Promise<Sent> {
  const { account } = client
  const owner = account.address
  const ref = { contract, chainId }
  if (relay === undefined) {
    return await send(client, ref, { functionName: 'withdraw', args: [owner, to, '0x'] })
  }
  const nonce = await mapErrors(() =>
    readContract(client, {
      abi: pactEscrowAbi,
      address: contract,
      functionName: 'withdrawNonceOf',
      args: [owner],
    }),
  )
  const validBefore = BigInt((await readChainTime(client)) + VALIDITY)
  const typedData = withdrawTypedData({
    ...ref,
    owner,
    to,
    nonce,
    validBefore,
  }) as unknown as TypedDataDefinition
  const signature = await mapErrors(() => signTypedData(client, { ...typedData, account }))
  const authorization = encodeAuthorization({ validBefore, signature })
  const call = { functionName: 'withdraw', args: [owner, to, authorization] } as const
  const done = { eventName: 'Withdrawn', args: { owner, to } } as const
  return await relayOrSend(client, { ...ref, relay, ...done }, call)
}
