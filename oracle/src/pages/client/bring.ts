import {
  type EscrowRecord,
  escrowRecordSchema,
  isEarnestError,
  type Pact,
  routes,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { read, write } from './api.ts'
import type { Person } from './key.ts'
import { now } from './now.ts'
import { say } from './say.ts'
import type { Wallet } from './wallet.ts'

/** Seconds for which what a wallet signs is good. */
const VALIDITY = 3600
/** Milliseconds between two looks whether the chain has it. */
const LOOK = 700
const LOOKS = 120

/** A trade as this page acts on it: the pact is the one that its number names, or nothing is done. */
export type Trade = {
  pactId: string
  pact: Pact
  milestone: number
  escrowId: Hex
  person(): Promise<Person>
  wallet(): Promise<Wallet>
}

/** What every verb of this trade is signed over. */
export async function contextOf({ pact, escrowId }: Trade, { address }: Wallet) {
  const { seq } = await read(`/escrows/${escrowId}`, escrowRecordSchema)
  const { chainId, contract } = pact.escrow
  const validBefore = BigInt(now() + VALIDITY)
  return { chainId, contract, escrowId, actor: address, seq: BigInt(seq), validBefore }
}

/**
 * Brings a signed call on chain: the oracle pays the network fee, or the wallet sends it itself; then
 * waits until the trade has moved and shows the page anew. A call of another contract than the escrow
 * says what to wait for.
 */
export async function bring(
  { escrowId, person, pact }: Trade,
  call: { wallet: Wallet; data: Hex; to?: Hex; isDone?: () => Promise<boolean> },
): Promise<void> {
  const { wallet, data, to = pact.escrow.contract } = call
  const before = await seqOf(escrowId)
  const isDone = call.isDone ?? (async () => (await seqOf(escrowId)) > before)
  say('Bringing it on chain.')
  try {
    const answer = routes.relay.response
    await write(await person(), '/relay', { body: { data }, answer })
  } catch (error) {
    if (!isEarnestError(error) || !OWN_FEE.includes(error.code)) throw error
    say('The oracle cannot pay the network fee now; your wallet sends it.')
    await wallet.send({ to, data })
  }
  say('Waiting for the chain to confirm.')
  for (let look = 0; look < LOOKS; look++) {
    if (await isDone()) break
    await new Promise((resolve) => setTimeout(resolve, LOOK))
  }
  location.reload()
}

/** Refusals after which the wallet can send the same call at its own cost. */
const OWN_FEE = ['relay_budget_exhausted', 'relay_refused', 'overloaded', 'key_missing']

async function seqOf(escrowId: Hex): Promise<EscrowRecord['seq']> {
  const found = read(`/escrows/${escrowId}`, escrowRecordSchema)
  return found.then(
    ({ seq }) => seq,
    (error) => {
      if (isEarnestError(error) && error.code === 'escrow_unknown') return 0
      throw error
    },
  )
}
