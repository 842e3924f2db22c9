import { iPactEscrowAbi } from '@earnest/contracts'
import { EarnestError, escrowId, type Terms } from '@earnest/sdk/protocol'
import { type Address, decodeFunctionData, type Hex, isAddressEqual, keccak256 } from 'viem'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Chain } from './chain.ts'
import { revertCode, type Submitter, submit } from './submitter.ts'

/** Calls that carry their own authorization, or that anyone may make. */
const relayed = new Set([
  'fund',
  'fundBatch',
  'fundByPermit',
  'fundByAllowance',
  'release',
  'deliver',
  'deliverInline',
  'redeliver',
  'defend',
  'refund',
  'dispute',
  'settle',
  'amend',
  'expire',
  'escalate',
  'conclude',
  'withdraw',
])

/**
 * Sends an agent's call for it: decoded, simulated, within a budget of gas for each agent and day.
 * The same bytes are sent once.
 * @throws relay_refused, relay_reverted, relay_budget_exhausted
 */
export async function relay(
  {
    db,
    signer,
    clock,
    chain,
    submitter,
    gasPerDay,
  }: Context & {
    chain: Chain
    submitter: Submitter
    gasPerDay: bigint
  },
  { data, by }: { data: Hex; by: string },
): Promise<Hex> {
  const { functionName, escrowId: id } = readCall(data, chain)
  const key = `relay/${keccak256(data)}`
  const known = await readSubmission()
  if (!known) {
    const gas = await simulate()
    const now = clock.now()
    await db.transaction().execute(async (tx) => {
      const day = Math.floor(now / 86_400)
      const row = await tx
        .insertInto('relay')
        .values({ did: by, day, gas: gas.toString() })
        .onConflict((conflict) =>
          conflict
            .columns(['did', 'day'])
            .doUpdateSet((eb) => ({ gas: eb('relay.gas', '+', gas.toString()) })),
        )
        .returning('gas')
        .executeTakeFirstOrThrow()
      if (BigInt(row.gas) > gasPerDay) {
        throw new EarnestError('relay_budget_exhausted', 'Send the transaction yourself', {
          details: { gasPerDay: gasPerDay.toString() },
        })
      }
      await submit(tx, {
        key,
        escrowId: id,
        call: { functionName, args: [], data },
        at: now,
      })
      await append(tx, signer, [
        { action: 'relayed', subject: by, at: now, data: { functionName, gas: gas.toString() } },
      ])
    })
  }
  await submitter.advance(key)
  const row = await readSubmission()
  if (row?.tx_hash) return row.tx_hash as Hex
  throw new EarnestError('relay_reverted', `The contract refuses: ${row?.error ?? 'unknown'}`, {
    details: { error: row?.error ?? null },
  })

  async function simulate(): Promise<bigint> {
    try {
      return await chain.client.estimateGas({
        account: chain.sender.address,
        to: chain.escrow,
        data,
        blockTag: 'pending',
      })
    } catch (error) {
      const code = revertCode(error)
      if (code === undefined) {
        throw new EarnestError('chain_unreachable', 'the call could not be simulated', {
          retryable: true,
          cause: error,
        })
      }
      throw new EarnestError('relay_reverted', `The contract refuses: ${code}`, {
        details: { error: code },
      })
    }
  }

  async function readSubmission() {
    return db
      .selectFrom('submission')
      .select(['tx_hash', 'error'])
      .where('key', '=', key)
      .executeTakeFirst()
  }
}

function readCall(data: Hex, chain: Chain): { functionName: string; escrowId: Hex | '' } {
  const call = decodeCall(data)
  if (!call || !relayed.has(call.functionName)) {
    throw new EarnestError('relay_refused', 'Not a call that is relayed')
  }
  const { functionName, args } = call
  const [first] = args ?? []
  const terms = (Array.isArray(first) ? first[0] : first) as Terms | undefined
  const named = functionName !== 'withdraw' && terms !== undefined
  // Without a signature the contract takes the sender for the actor, and the sender is this oracle.
  const actors = named ? [terms.buyer, terms.seller] : [first as Address]
  if (actors.some((actor) => isAddressEqual(actor, chain.sender.address))) {
    throw new EarnestError('relay_refused', 'The relay does not act for itself')
  }
  return {
    functionName,
    escrowId: named ? escrowId({ terms, chainId: chain.chainId, contract: chain.escrow }) : '',
  }
}

function decodeCall(data: Hex) {
  try {
    return decodeFunctionData({ abi: iPactEscrowAbi, data })
  } catch {
    return undefined
  }
}
