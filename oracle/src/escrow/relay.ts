import { bondVaultAbi, pactArbiterAbi, pactEscrowAbi } from '@earnest/contracts'
import { EarnestError, escrowId, type Terms } from '@earnest/sdk/protocol'
import {
  type Abi,
  type Address,
  decodeFunctionData,
  type Hex,
  isAddressEqual,
  keccak256,
} from 'viem'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import { drop } from '../store/queue.ts'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import { type Chain, sendersOf } from './chain.ts'
import { linkOf } from './fold.ts'
import { bookGas, type RelayBudget } from './relayBudget.ts'
import { revertCode } from './revert.ts'
import { narrowFunctions } from './selector.ts'
import { submit, takeUp } from './submit.ts'
import type { Submitter } from './submitter.ts'

/** Seconds that the request has before the queue looks whether it died. */
const CRASH_DELAY = 3

const escrowFunction = narrowFunctions(pactEscrowAbi)
const vaultFunction = narrowFunctions(bondVaultAbi)
const arbiterFunction = narrowFunctions(pactArbiterAbi)

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
/** The one verb of the vault that a buyer signs: its signature pays the stake. */
const CLAIM = 'claim'
/** The one verb of the arbiter that a party signs: its signature pays the bond. */
const APPEAL = 'appeal'

/**
 * Sends an agent's call for it: decoded, simulated, within the budget. An agent has one for calls of
 * escrows whose registered pact names it as a party, since DIDs cost nothing. The same bytes are sent
 * once; where the chain refused them, they are tried anew.
 * @throws relay_refused, relay_reverted, relay_budget_exhausted
 */
export async function relay(
  {
    db,
    signer,
    clock,
    chain,
    submitter,
    budget,
  }: Context & {
    chain: Chain
    submitter: Submitter
    budget: RelayBudget
  },
  { data, by }: { data: Hex; by: string },
): Promise<Hex> {
  const { functionName, to, escrowIds, wallet } = readCall(data, chain)
  const key = `relay/${keccak256(data)}`
  const known = await readSubmission()
  let gas: bigint | undefined
  let written: Row<'submission'> | undefined
  if (!known || known.status === 'failed' || known.status === 'reverted') {
    const needed = await simulate()
    gas = needed
    const isParty = await isPartyOf(db, { by, escrowIds, wallet })
    const now = clock.now()
    await db.transaction().execute(async (tx) => {
      await bookGas(tx, { did: by, gas: needed, isParty, budget, now })
      written = await submit(tx, {
        key,
        escrowId: escrowIds[0] ?? '',
        call: { functionName, args: [], to, data },
        at: now,
        maxTries: 1,
        // This request sends it; the queue is for the crash in between.
        delaySeconds: CRASH_DELAY,
      })
      if (known) await takeUp(tx, key, { delaySeconds: CRASH_DELAY })
      await append(tx, signer, [
        { action: 'relayed', subject: by, at: now, data: { functionName, gas: needed.toString() } },
      ])
    })
  }
  const { again, mined } = await submitter.advance(key, { gas, row: written })
  if (mined !== undefined) return mined
  if (again === undefined) await drop(db, { queue: 'submit', key })
  const row = await readSubmission()
  if (row?.tx_hash) return row.tx_hash as Hex
  throw new EarnestError('relay_reverted', `The contract refuses: ${row?.error ?? 'unknown'}`, {
    details: { error: row?.error ?? null },
  })

  async function simulate(): Promise<bigint> {
    try {
      return await chain.client.estimateGas({
        account: chain.sender.address,
        to,
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
    return (await standingOf(db, { key }))[0]
  }
}

const standingOf = statement((db, { key }: { key: string }) =>
  db.selectFrom('submission').select(['status', 'tx_hash', 'error']).where('key', '=', key),
)

/** What a call does and whom it is about. */
type Read = {
  functionName: string
  /** The escrow contract, the vault of a claim, or the arbiter that the terms of an appeal name. */
  to: Address
  /** Escrows that the call is about; none for a withdrawal. */
  escrowIds: Hex[]
  /** Whose money a withdrawal moves. */
  wallet: Address | null
}

function readCall(data: Hex, chain: Chain): Read {
  const call = decodeWith(escrowFunction, data)
  if (!call) return readClaim(data, chain) ?? readAppeal(data, chain)
  if (!relayed.has(call.functionName)) throw notRelayed()
  const { functionName, args } = call
  const { chainId, escrow: contract } = chain
  const [first] = args ?? []
  if (functionName === 'withdraw') {
    const wallet = first as Address
    assertOthers([wallet], chain)
    return { functionName, to: contract, escrowIds: [], wallet }
  }
  const all = (Array.isArray(first) ? first : [first]) as Terms[]
  if (all.length === 0) throw new EarnestError('relay_refused', 'A call about nothing')
  assertOthers(
    all.flatMap(({ buyer, seller }) => [buyer, seller]),
    chain,
  )
  const escrowIds = all.map((terms) => escrowId({ terms, chainId, contract }))
  return { functionName, to: contract, escrowIds, wallet: null }
}

/** Only to the vault whose bonds count here: another contract could do anything with our gas. */
function readClaim(data: Hex, chain: Chain): Read | undefined {
  const call = decodeWith(vaultFunction, data)
  if (call?.functionName !== CLAIM) return undefined
  const [terms] = call.args
  const { chainId, escrow: contract, vault: to } = chain
  if (!to || !isAddressEqual(to, terms.vault)) {
    throw new EarnestError('relay_refused', 'Not the vault of this oracle')
  }
  assertOthers([terms.buyer, terms.seller], chain)
  const escrowIds = [escrowId({ terms, chainId, contract })]
  return { functionName: CLAIM, to, escrowIds, wallet: null }
}

/** Only to an arbiter whose pacts count here: another contract could do anything with our gas. */
function readAppeal(data: Hex, chain: Chain): Read {
  const call = decodeWith(arbiterFunction, data)
  if (call?.functionName !== APPEAL) throw notRelayed()
  const [terms, by] = call.args
  const to = chain.arbiters.find((arbiter) => isAddressEqual(arbiter, terms.arbiter))
  if (!to) throw new EarnestError('relay_refused', 'Not an arbiter of this oracle')
  assertOthers([terms.buyer, terms.seller, by], chain)
  const id = escrowId({ terms, chainId: chain.chainId, contract: chain.escrow })
  return { functionName: APPEAL, to, escrowIds: [id], wallet: null }
}

function notRelayed(): EarnestError {
  return new EarnestError('relay_refused', 'Not a call that is relayed')
}

/** Without a signature the contract takes the sender for the actor, and the sender is this oracle. */
function assertOthers(actors: readonly Address[], chain: Chain): void {
  const own = sendersOf(chain)
  if (actors.some((actor) => own.some(({ address }) => isAddressEqual(actor, address)))) {
    throw new EarnestError('relay_refused', 'The relay does not act for itself')
  }
}

/** True where a registered pact stands behind every escrow of the call and names the agent. */
async function isPartyOf(
  db: Db,
  { by, escrowIds, wallet }: Pick<Read, 'escrowIds' | 'wallet'> & { by: string },
): Promise<boolean> {
  if (wallet !== null) {
    // A credit is what an ended escrow left: its owner was party of one.
    const row = await db
      .selectFrom('agent')
      .innerJoin('pact', (join) =>
        join.on((eb) =>
          eb.or([
            eb('pact.buyer_did', '=', eb.ref('agent.did')),
            eb('pact.seller_did', '=', eb.ref('agent.did')),
          ]),
        ),
      )
      .select('agent.did')
      .where('agent.did', '=', by)
      .where('agent.wallet', '=', wallet.toLowerCase())
      .limit(1)
      .executeTakeFirst()
    return row !== undefined
  }
  const links = await Promise.all(escrowIds.map((id) => linkOf(db, id)))
  return links.every((link) => link?.buyer === by || link?.seller === by)
}

function decodeWith<const A extends Abi>(functionOf: (data: Hex) => A, data: Hex) {
  try {
    return decodeFunctionData({ abi: functionOf(data), data })
  } catch {
    return undefined
  }
}
