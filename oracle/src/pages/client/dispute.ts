import { pactEscrowAbi } from '@earnest/contracts'
import {
  type Claim,
  claimSchema,
  disputeReasonSchema,
  disputeRecordSchema,
  type Evidence,
  encode,
  escrowRecordSchema,
  hashClaim,
  papersSchema,
  stakeOf,
  stakeTypedData,
  submissionSchema,
  termsFromPact,
  toBytes32,
} from '@earnest/sdk/protocol'
import { encodeFunctionData, numberToHex } from 'viem'
import { read, readAs, readOracle, write } from './api.ts'
import { bring, contextOf, type Trade } from './bring.ts'
import { now } from './now.ts'
import { fieldOf, say } from './say.ts'

/** Files the claim with the oracle, then disputes on chain with its hash and the stake. */
export async function dispute(trade: Trade, form: HTMLFormElement): Promise<void> {
  const { pact, milestone, escrowId } = trade
  const [wallet, oracle] = [await trade.wallet(), await readOracle()]
  const { round } = await read(`/escrows/${escrowId}`, escrowRecordSchema)
  const claim = (await filedClaim(trade, round)) ?? (await file(trade, round, form))
  const terms = termsFromPact({ pact, milestone })
  const context = await contextOf(trade, wallet)
  const claimHash = toBytes32(hashClaim(claim))
  const token = { address: pact.escrow.token, name: oracle.tokenName, version: oracle.tokenVersion }
  const { arbitrationBps: arbitrationFeeBps } = pact.escrow.fees
  const stake = stakeOf({ amount: terms.amount, arbitrationFeeBps })
  say('Your wallet asks for one signature: it puts down the stake and opens the dispute.')
  const consent = await wallet.sign(stakeTypedData({ ...context, claimHash, stake, token }))
  const validBefore = numberToHex(context.validBefore, { size: 6 })
  const data = encodeFunctionData({
    abi: pactEscrowAbi,
    functionName: 'dispute',
    args: [terms, wallet.address, claimHash, validBefore, consent],
  })
  await bring(trade, { wallet, data })
}

/** What was handed in before the wallet declined: each side has one claim a round, and it stands as it is. */
async function filedClaim(
  { person, escrowId, pact }: Trade,
  round: number,
): Promise<Claim | undefined> {
  const { claims } = await readAs(await person(), `/escrows/${escrowId}/papers`, papersSchema)
  const own = claims.find(({ body }) => body.disputedBy === pact.buyer.did && body.round === round)
  return own?.body
}

async function file(trade: Trade, round: number, form: HTMLFormElement): Promise<Claim> {
  const { pact, pactId, escrowId } = trade
  const person = await trade.person()
  const claim: Claim = {
    escrowId,
    pactId,
    round,
    disputedBy: pact.buyer.did,
    reason: disputeReasonSchema.parse(fieldOf(form, 'reason')),
    claim: fieldOf(form, 'claim'),
    evidence: pieces(form),
    claimedAt: now(),
    nonce: crypto.randomUUID(),
  }
  const body = encode(claimSchema, claim, 'invalid_claim')
  const signature = await person.sign({ type: 'claim', body })
  say('Handing in your claim.')
  await write(person, '/disputes', { body: { body, signature }, answer: disputeRecordSchema })
  return claim
}

/** Hands in more evidence while the dispute runs. */
export async function evidence(trade: Trade, form: HTMLFormElement): Promise<void> {
  const { escrowId, pact } = trade
  const person = await trade.person()
  const body = encode(
    submissionSchema,
    {
      escrowId,
      submittedBy: pact.buyer.did,
      evidence: pieces(form),
      submittedAt: now(),
      nonce: crypto.randomUUID(),
    },
    'invalid_evidence',
  )
  const signature = await person.sign({ type: 'evidence', body })
  await write(person, `/disputes/${escrowId}/evidence`, {
    body: { body, signature },
    answer: disputeRecordSchema,
  })
  location.reload()
}

/** Each paragraph is a piece of its own. */
function pieces(form: HTMLFormElement): Evidence[] {
  return fieldOf(form, 'evidence')
    .split(/\n\s*\n/)
    .map((content) => content.trim())
    .filter((content) => content !== '')
    .map((content) => ({ type: 'specific_claim', content }))
}
