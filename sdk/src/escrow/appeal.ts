import type { Address, TypedDataDefinition } from 'viem'
import { signTypedData } from 'viem/actions'
import { appealTypedData } from '../protocol/authorization.ts'
import { EarnestError } from '../protocol/error.ts'
import { fromBytes32 } from '../protocol/hash.ts'
import { unpackLadder } from '../protocol/ladder.ts'
import type { EscrowClient, EscrowRef, Sent } from './client.ts'
import { callArbiter } from './court.ts'
import { readChainTime } from './readEscrow.ts'
import { mapErrors } from './send.ts'
import { readToken } from './token.ts'

const VALIDITY = 3600

/**
 * Appeals the standing proposal as buyer or seller, once per escrow; one signature pays the bond
 * (ERC-3009). It comes back when the result moves at least 5 points towards the appellant. Throws
 * `no_such_rung`, `already_appealed`, `after_limit`, `wrong_stage`, `no_time_left`.
 */
export async function appeal(
  client: EscrowClient,
  { escrow, token }: { escrow: EscrowRef; token: Address },
): Promise<Sent> {
  const { chainId, terms, escrowId } = escrow
  const { account } = client
  const ladder = unpackLadder(fromBytes32(terms.ladder))
  if (ladder === null || ladder.appealBond === 0n) {
    throw new EarnestError('no_such_rung', 'This pact names nothing to appeal to')
  }
  const validBefore = BigInt((await readChainTime(client)) + VALIDITY)
  const typedData = appealTypedData({
    chainId,
    arbiter: terms.arbiter,
    escrowId,
    by: account.address,
    bond: ladder.appealBond,
    validBefore,
    token: await readToken(client, token),
  }) as unknown as TypedDataDefinition
  const signature = await mapErrors(() => signTypedData(client, { ...typedData, account }))
  const args = [terms, account.address, validBefore, signature]
  return await callArbiter(client, { chainId, arbiter: terms.arbiter }, 'appeal', args)
}

/** Takes what an appeal gave back to an address of its choice. Throws `nothing_owed`. */
export async function withdrawAppealBond(
  client: EscrowClient,
  { escrow, to }: { escrow: EscrowRef; to: Address },
): Promise<Sent> {
  const { chainId, terms } = escrow
  return await callArbiter(client, { chainId, arbiter: terms.arbiter }, 'withdraw', [to])
}
