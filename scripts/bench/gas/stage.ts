import {
  attestationTypedData,
  deliverTypedData,
  disputeTypedData,
  fundTypedData,
  receiptTypedData,
  releaseTypedData,
  rulingTypedData,
  settleTypedData,
  stakeTypedData,
  statementTypedData,
} from '@earnest/sdk/protocol'
import { type HDAccount, type Hex, keccak256, stringToHex, type TypedDataDefinition } from 'viem'
import {
  attestorProof,
  authorize,
  buyer,
  FEE,
  type Market,
  relayer,
  seller,
  type Trade,
} from './market.ts'

/** Any hash will do where the chain only stores or signs it. */
export const mark = (text: string): Hex => keccak256(stringToHex(text))

const ARTIFACT = mark('artifact')
const REPORT = mark('report')
const CLAIM = mark('claim')
const RECORD = mark('record')

const VALID_BEFORE = 2n ** 40n - 1n

const verb = (market: Market, { id }: Trade, signer: HDAccount, seq: bigint) => ({
  chainId: market.chainId,
  contract: market.escrow,
  escrowId: id,
  actor: signer.address,
  seq,
  validBefore: VALID_BEFORE,
})

const round = (market: Market, { id }: Trade) => ({
  chainId: market.chainId,
  contract: market.escrow,
  escrowId: id,
  round: 1n,
})

/** Each stage of a trade as one transaction that returns its gas; `seq` is what the chain has then. */
export const stage = {
  async fund(market: Market, { terms }: Trade) {
    const typed = fundTypedData({
      terms,
      chainId: market.chainId,
      contract: market.escrow,
      token: market.usdc,
    })
    const signature = await buyer.signTypedData(typed as unknown as TypedDataDefinition)
    return () => market.send(relayer, 'fund', [terms, signature])
  },

  async deliver(market: Market, trade: Trade) {
    const proof = await attestorProof(
      receiptTypedData({ ...round(market, trade), artifactHash: ARTIFACT }),
      1,
    )
    return () =>
      market.send(seller, 'deliver', [trade.terms, ARTIFACT, { byBuyer: false, proof }, '0x'])
  },

  async attest(market: Market, trade: Trade) {
    const proof = await attestorProof(
      attestationTypedData({ ...round(market, trade), result: 1n, reportHash: REPORT }),
      2,
    )
    return () => market.send(relayer, 'attest', [trade.terms, 1, REPORT, proof])
  },

  async release(market: Market, { terms }: Trade) {
    return () => market.send(buyer, 'release', [terms, '0x'])
  },

  async refund(market: Market, { terms }: Trade) {
    return () => market.send(seller, 'refund', [terms, '0x'])
  },

  async expire(market: Market, { terms }: Trade) {
    return () => market.send(relayer, 'expire', [terms])
  },

  /** Both sign, a third sends. */
  async settle(market: Market, trade: Trade, sellerBps: bigint) {
    const [byBuyer, bySeller] = await Promise.all(
      [buyer, seller].map((side) =>
        authorize(side, settleTypedData({ ...verb(market, trade, side, 1n), sellerBps })),
      ),
    )
    return () =>
      market.send(relayer, 'settle', [trade.terms, sellerBps, byBuyer ?? '0x', bySeller ?? '0x'])
  },

  /** The buyer's stake comes with the dispute in one signature. */
  async dispute(market: Market, trade: Trade) {
    const context = { ...verb(market, trade, buyer, 2n), claimHash: CLAIM }
    const typed = stakeTypedData({ ...context, stake: FEE, token: market.usdc })
    const stake = await buyer.signTypedData(typed as unknown as TypedDataDefinition)
    const authorization = (await authorize(buyer, disputeTypedData(context))).slice(0, 14) as Hex
    return () =>
      market.send(relayer, 'dispute', [trade.terms, buyer.address, CLAIM, authorization, stake])
  },

  async defend(market: Market, { terms }: Trade) {
    return () => market.send(seller, 'defend', [terms, mark('response'), '0x'])
  },

  async escalate(market: Market, { terms }: Trade) {
    return () => market.send(buyer, 'escalate', [terms, buyer.address, '0x'])
  },

  async rule(market: Market, trade: Trade, sellerBps: bigint) {
    const proof = await attestorProof(
      rulingTypedData({ ...round(market, trade), sellerBps, recordHash: RECORD }),
      2,
    )
    return () => market.send(relayer, 'rule', [trade.terms, sellerBps, RECORD, proof])
  },

  async conclude(market: Market, { terms }: Trade) {
    return () => market.send(relayer, 'conclude', [terms])
  },

  /** The oracle sends the seller's signed delivery with its own statement. */
  async complete(
    market: Market,
    trade: Trade,
    { reserve = false, accepted = false }: { reserve?: boolean; accepted?: boolean } = {},
  ) {
    const completion = await completionOf(market, trade, { signer: seller, reserve })
    const buyerAuthorization = accepted
      ? await authorize(buyer, releaseTypedData(verb(market, trade, buyer, 3n)))
      : '0x'
    return () =>
      market.send(relayer, 'complete', [trade.terms, { ...completion, buyerAuthorization }])
  },
}

/** A seller's signed delivery with the statement that two attestors signed over it. */
export async function completionOf(
  market: Market,
  trade: Trade,
  { signer, reserve, proven = true }: { signer: HDAccount; reserve: boolean; proven?: boolean },
) {
  const typed = statementTypedData(statementOf(market, trade))
  return {
    artifactHash: ARTIFACT,
    reportHash: REPORT,
    reserve,
    sellerAuthorization: await authorize(
      signer,
      deliverTypedData({ ...verb(market, trade, signer, 1n), artifactHash: ARTIFACT, reserve }),
    ),
    proof: proven ? await attestorProof(typed, 2) : ('0x' as Hex),
    buyerAuthorization: '0x' as Hex,
  }
}

/** What the attestors state of one trade. */
export const statementOf = (market: Market, trade: Trade) => ({
  ...round(market, trade),
  artifactHash: ARTIFACT,
  reportHash: REPORT,
})
