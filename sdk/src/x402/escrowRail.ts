import { type EscrowClient, escrowOfPact } from '../escrow/client.ts'
import { findLock } from '../escrow/lock.ts'
import { readEscrow } from '../escrow/readEscrow.ts'
import { relayOrSend } from '../escrow/relayOrSend.ts'
import { pause } from '../pause.ts'
import { isSameAddress } from '../protocol/address.ts'
import type { Clock } from '../protocol/clock.ts'
import { decode } from '../protocol/decode.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import type { ResponseMessage } from '../protocol/message.ts'
import type { Pact, SignedPact } from '../protocol/pact.ts'
import type { Store } from '../protocol/store.ts'
import { registrationOf } from '../registration.ts'
import { relayOf } from '../relay.ts'
import type { Seller } from '../seller.ts'
import type { ReceivedFile } from '../settlement/file.ts'
import type { OracleClient } from '../trust/oracle.ts'
import type { Locked, Rail, Ware } from './rail.ts'
import { checkWare } from './ware.ts'
import { escrowPayloadSchema, SCHEME } from './wire.ts'

/** Milliseconds between two looks whether the chain is sure of the lock. */
const LOOK = 250

/** What the rail of the escrow needs. */
export interface EscrowRailOptions {
  seller: Pick<Seller, 'negotiator' | 'work'>
  /** The seller's wallet: it sends the buyer's signed call where the relay does not. */
  wallet: EscrowClient
  oracle: OracleClient
  store: Store
  clock: Clock
  /** Where the seller's card is. */
  agentUrl: string
  /** Where the money is locked. */
  venue: { chainId: number; escrow: `0x${string}`; token: `0x${string}` }
  /** Seconds that a request waits for its delivery; default 60. */
  waitSeconds?: number
  /** Takes the files that were made for an escrow in this process. */
  take(escrowId: string): readonly ReceivedFile[] | undefined
}

/** x402's payment as an escrow under a pact: the same gate to the work, and the same gate to the delivery. */
export function createEscrowRail(options: EscrowRailOptions): Rail {
  const { seller, wallet, oracle, store, clock, agentUrl, venue, waitSeconds = 60 } = options
  const network = `eip155:${venue.chainId}`

  async function sign(pact: Pact, payload: { pactHash: string; signature: string }) {
    const { pactHash, signature } = payload
    const response = await seller.negotiator.respond(
      { taskType: 'pact_negotiation', payload: { pact, pactHash, signature } },
      { taskId: `x402/${pactHash}`, caller: pact.buyer.did },
    )
    if (response.status === 'accepted') {
      const { sellerSignature } = response
      return { pact, pactHash, buyerSignature: signature, sellerSignature }
    }
    const why =
      response.status === 'rejected'
        ? { code: response.reasonCode, reason: response.rejectionReason }
        : { code: 'terms_refused', reason: 'These terms are not taken' }
    throw new EarnestError(why.code, why.reason)
  }

  /** Has the buyer's one signature pay and accept the terms. */
  async function fund(signed: SignedPact, funding: `0x${string}`): Promise<`0x${string}`> {
    const escrow = escrowOfPact({ pact: signed.pact })
    const { pactId } = await oracle.call('registerPact', registrationOf(signed))
    if (pactId !== signed.pactHash) {
      throw new EarnestError('pact_hash_mismatch', 'The oracle registered something else')
    }
    const call = { functionName: 'fund', args: [escrow.terms, funding] } as const
    const way = { ...escrow, relay: relayOf(oracle), eventName: 'Funded' } as const
    try {
      return (await relayOrSend(wallet, way, call)).txHash
    } catch (error) {
      // A relay that answered too late, or another who sent it: who is told 402 now might pay once more.
      const lock = isEarnestError(error) ? await findLock(wallet, { escrow }) : undefined
      if (lock === undefined) throw error
      return lock.txHash
    }
  }

  async function work(signed: SignedPact): Promise<readonly ReceivedFile[] | undefined> {
    const { pact, pactHash: pactId } = signed
    const escrowId = escrowOfPact({ pact }).escrowId as `0x${string}`
    const message = { taskType: pact.capability, escrowId, pactId }
    const over = AbortSignal.timeout(waitSeconds * 1000)
    // The money is seen at once and believed some blocks later.
    while (!over.aborted) {
      const admission = await seller.work.admit(message)
      if ('pact' in admission || (await seller.work.knows(escrowId))) break
      if (admission.why === 'never') throw declined(admission.refusal)
      await pause(LOOK, over).catch(() => {})
    }
    if (over.aborted) return undefined
    const late = Promise.withResolvers<undefined>()
    over.addEventListener('abort', () => late.resolve(undefined), { once: true })
    const done = await Promise.race([seller.work.begin(message), late.promise])
    if (done === undefined) return undefined
    if (done.status !== 'completed') throw declined(done)
    return options.take(escrowId)
  }

  return {
    scheme: SCHEME,
    network,
    ask: ({ task, price }) => ({
      scheme: SCHEME,
      network,
      asset: venue.token,
      amount: String(price),
      payTo: venue.escrow,
      maxTimeoutSeconds: waitSeconds,
      extra: { paymentFlow: 'escrow', agentUrl, task: wireOf(task) },
    }),

    async lock(ware: Ware, payload: unknown): Promise<Locked> {
      // Step 1: the pact is about this very ware, for no less than its price.
      const paid = decode(escrowPayloadSchema, payload, 'invalid_payment')
      const { pact } = paid
      checkWare(pact, ware)
      const escrow = escrowOfPact({ pact })
      if (escrow.chainId !== venue.chainId || !isSameAddress(escrow.contract, venue.escrow)) {
        throw new EarnestError('wrong_escrow', 'The pact settles in another place')
      }
      // Step 2: each payment once, whichever process it comes to.
      const { escrowId } = escrow
      const place = `x402/${escrowId}`
      if ((await readEscrow(wallet, escrow)).state !== 'None') throw used()
      if (!(await store.swap(place, undefined, clock.now()))) throw used()
      try {
        // Step 3: the seller signs by its own policy, and the money is locked.
        const signed = await sign(pact, paid)
        const transaction = await fund(signed, paid.funding)
        return {
          payer: pact.buyer.wallet,
          transaction,
          extra: {
            pactId: signed.pactHash,
            escrowId,
            sellerSignature: signed.sellerSignature,
          },
          deliver: () => work(signed),
        }
      } catch (error) {
        // Nothing was locked: the same payment may come again. What is locked all the same is worked for.
        const state = await readEscrow(wallet, escrow).then(
          (now) => now.state,
          () => undefined,
        )
        if (state === 'None') await store.delete(place)
        throw error
      }
    },
  }
}

function wireOf(task: Ware['task']) {
  return JSON.parse(JSON.stringify(task))
}

function used(): EarnestError {
  return new EarnestError('payment_used', 'This payment was used already')
}

function declined(answer: ResponseMessage): EarnestError {
  const isReasoned = answer.status === 'declined' || answer.status === 'execution_failed'
  const code = isReasoned ? answer.reasonCode : 'execution_failed'
  return new EarnestError(code, isReasoned ? answer.reason : 'The work failed')
}
