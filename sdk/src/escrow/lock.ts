import type { Hash } from 'viem'
import { isSameAddress } from '../protocol/address.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { parseHash } from '../protocol/hash.ts'
import type { KeyResolver } from '../protocol/key.ts'
import { formatUsdc } from '../protocol/money.ts'
import { milestoneOf, type SignedPact, verifySignedPact } from '../protocol/pact.ts'
import { type EscrowClient, type EscrowRef, escrowOfPact, type Relay, type Sent } from './client.ts'
import { findFunding } from './events.ts'
import { readChainTime, readEscrow } from './readEscrow.ts'
import { forgetToken } from './recallToken.ts'
import { relayOrSend } from './relayOrSend.ts'
import { type Call, send } from './send.ts'
import { readBalance } from './token.ts'

/** A signed pact whose money is locked. */
export interface FundedPact {
  signed: SignedPact
  pactId: string
  milestone: number
  escrow: EscrowRef
  escrowId: `0x${string}`
  txHash: Hash
  blockNumber: bigint
  status: 'locked'
  /** CAIP-2 id of the chain. */
  network: string
}

/** What the caller believes about the pact; each field that is given must be what the pact says (ESC-04). */
export interface Expectation {
  buyerAgentId?: string
  sellerAgentId?: string
  pactId?: string
  /** Base units. */
  amountUsdc?: bigint
  conditionHash?: string
  arbiter?: string
  /** Unix seconds. */
  deadlineUtc?: number
}

/** What every way to fund takes. */
export interface FundParameters {
  signed: SignedPact
  milestone?: number
  expect?: Expectation
  /** Sends the signed call for a buyer without gas. */
  relay?: Relay
  keyOf?: KeyResolver
}

/** What a way to fund makes its call of. */
export interface Payment {
  escrow: EscrowRef
  token: `0x${string}`
  /** Unix seconds: the last moment at which these terms can be funded. */
  fundBy: number
  isRelayed: boolean
}

/** One payment that is to be locked: checked papers, and what it takes to say that it stands. */
export interface Lockable {
  signed: SignedPact
  milestone: number
  pactId: string
  escrow: EscrowRef
  /** Unix seconds: the last moment at which these terms can be funded. */
  fundBy: number
}

/** Checks that a pact is what both signed and what the caller thinks it is, and that its wallet pays. */
export function checkPact(
  client: EscrowClient,
  { signed, milestone = 0, expect = {}, keyOf }: Omit<FundParameters, 'relay'>,
): Lockable {
  const { pact } = signed
  const pactId = verifySignedPact(signed, keyOf)
  checkExpectation(signed, milestone, expect)
  if (!isSameAddress(client.account.address, pact.buyer.wallet)) {
    throw new EarnestError('wrong_wallet', 'The account is not the wallet of the buyer', {
      details: { got: client.account.address, want: pact.buyer.wallet },
    })
  }
  const { fundBy } = milestoneOf(pact, milestone)
  return { signed, milestone, pactId, escrow: escrowOfPact({ pact, milestone }), fundBy }
}

/** What stands on chain already; undefined where nothing does. Throws `escrow_not_open` where it has moved on. */
export async function findLock(
  client: EscrowClient,
  { escrow }: Pick<Lockable, 'escrow'>,
): Promise<Sent | undefined> {
  const now = await readEscrow(client, escrow)
  if (now.state === 'None') return undefined
  if (now.state === 'Funded') return await findFunding(client, escrow, now)
  throw new EarnestError('escrow_not_open', `This pact was funded before and is ${now.state}`, {
    details: { state: now.state },
  })
}

/** Checks that it is not too late for any of some payments and that the purse holds them all. */
export async function checkPurse(
  client: EscrowClient,
  payments: readonly Lockable[],
): Promise<void> {
  const token = payments[0]?.signed.pact.escrow.token
  if (token === undefined) return
  const reading = readBalance(client, { token, owner: client.account.address })
  reading.catch(() => {})
  const now = await readChainTime(client)
  if (payments.some(({ fundBy }) => now >= fundBy)) {
    throw new EarnestError('fund_by_passed', 'It is too late to fund this pact')
  }
  const balance = await reading
  const want = payments.reduce((sum, { escrow }) => sum + escrow.terms.amount, 0n)
  if (balance < want) {
    const why = `${client.account.address} holds ${formatUsdc(balance)} USDC, the pact takes ${formatUsdc(want)}`
    throw new EarnestError('insufficient_funds', why, {
      details: { got: balance, want },
    })
  }
}

/** A payment that stands. */
export function fundedPact(
  { signed, milestone, pactId, escrow }: Lockable,
  { txHash, blockNumber }: Sent,
): FundedPact {
  const network = `eip155:${escrow.chainId}`
  const { escrowId } = escrow
  const facts = { signed, pactId, milestone, escrow, escrowId, txHash, blockNumber }
  return { ...facts, status: 'locked', network }
}

/**
 * Locks the payment of a signed pact by whichever call pays: checks the pact, the chain and the purse,
 * sends, and finds what stands already. No way to pay has checks of its own that another lacks.
 */
export async function lock(
  client: EscrowClient,
  parameters: FundParameters,
  pay: (payment: Payment) => Promise<Call>,
): Promise<FundedPact> {
  const { relay } = parameters
  // Step 1: the pact.
  const payment = checkPact(client, parameters)
  const { escrow, fundBy, signed } = payment

  // Step 2: the chain, asked together. What stands already is not paid again.
  const purse = checkPurse(client, [payment])
  purse.catch(() => {})
  const before = await findLock(client, payment)
  if (before !== undefined) return fundedPact(payment, before)
  await purse

  // Step 3: one call, sent by the relay or by the buyer.
  const { token } = signed.pact.escrow
  const call = await pay({ escrow, token, fundBy, isRelayed: relay !== undefined })
  try {
    if (relay === undefined) return fundedPact(payment, await send(client, escrow, call))
    const way = { ...escrow, relay, eventName: 'Funded' } as const
    return fundedPact(payment, await relayOrSend(client, way, call))
  } catch (error) {
    forgetToken(client)
    // A crash between sending and noting it, or a relay that answered too late: it may stand all the same.
    const then = isEarnestError(error) ? await findLock(client, payment) : undefined
    if (then === undefined) throw error
    return fundedPact(payment, then)
  }
}

function checkExpectation(signed: SignedPact, milestone: number, expect: Expectation): void {
  const { pact, pactHash } = signed
  const { paymentUsdc, deadlineUtc } = milestoneOf(pact, milestone)
  const facts: Required<Expectation> = {
    buyerAgentId: pact.buyer.did,
    sellerAgentId: pact.seller.did,
    pactId: pactHash,
    conditionHash: pactHash,
    amountUsdc: paymentUsdc,
    arbiter: pact.escrow.arbiter.toLowerCase(),
    deadlineUtc,
  }
  const given: Expectation = {
    ...expect,
    ...(expect.pactId !== undefined && { pactId: parseHash(expect.pactId) }),
    ...(expect.conditionHash !== undefined && { conditionHash: parseHash(expect.conditionHash) }),
    ...(expect.arbiter !== undefined && { arbiter: expect.arbiter.toLowerCase() }),
  }
  for (const [field, want] of Object.entries(given)) {
    const got = facts[field as keyof Expectation]
    if (want !== undefined && got !== want) {
      throw new EarnestError('pact_mismatch', `${field} is not what the pact says`, {
        details: { field, got, want },
      })
    }
  }
}
