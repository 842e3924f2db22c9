import assert from 'node:assert/strict'
import { fundBatchTypedData, statementsTypedData } from '@earnest/sdk/protocol'
import { erc20Abi, type Hex, type TypedDataDefinition } from 'viem'
import {
  AMOUNT,
  attestorProof,
  batchSeller,
  buyer,
  FEE,
  type Market,
  relayer,
  type Trade,
} from './market.ts'
import { measure } from './measure.ts'
import { completionOf, statementOf } from './stage.ts'

async function fundBatch(market: Market, size: number): Promise<{ trades: Trade[]; gas: number }> {
  const trades: Trade[] = []
  for (let i = 0; i < size; i += 1) {
    trades.push(
      await market.trade({ seller: batchSeller(i).address, clauses: { reviewWindow: 0 } }),
    )
  }
  const terms = trades.map((trade) => trade.terms)
  const typed = fundBatchTypedData({
    terms,
    chainId: market.chainId,
    contract: market.escrow,
    token: market.usdc,
  })
  const signature = await buyer.signTypedData(typed as unknown as TypedDataDefinition)
  const sum = AMOUNT * BigInt(size)
  const gas = await measure(market, { escrow: sum, buyer: -sum }, () =>
    market.send(relayer, 'fundBatch', [terms, signature]),
  )
  return { trades, gas: Math.ceil(gas / size) }
}

async function completeBatch(market: Market, trades: Trade[], own: boolean): Promise<number> {
  const size = trades.length
  const completions = await Promise.all(
    trades.map((trade, i) =>
      completionOf(market, trade, { signer: batchSeller(i), reserve: false, proven: own }),
    ),
  )
  const proof: Hex = own
    ? '0x'
    : await attestorProof(
        statementsTypedData({
          chainId: market.chainId,
          contract: market.escrow,
          statements: trades.map((trade) => statementOf(market, trade)),
        }),
        2,
      )
  const balances = () =>
    Promise.all(
      trades.map(({ terms }) =>
        market.client.readContract({
          address: market.token,
          abi: erc20Abi,
          functionName: 'balanceOf',
          args: [terms.seller],
        }),
      ),
    )
  const before = await balances()
  const count = BigInt(size)
  const gas = await measure(
    market,
    { escrow: -(AMOUNT - FEE) * count, protocolFees: FEE * count },
    () =>
      market.send(relayer, 'completeBatch', [
        trades.map((trade) => trade.terms),
        completions,
        proof,
      ]),
  )
  const after = await balances()
  for (const [i, balance] of after.entries())
    assert.equal(balance - (before[i] ?? 0n), AMOUNT - FEE)
  return Math.ceil(gas / size)
}

/** Ten and fifty trades of one buyer with as many sellers, in one transaction; gas per trade. */
export async function measureBatches(market: Market): Promise<Record<string, number>> {
  const ten = await fundBatch(market, 10)
  const fifty = await fundBatch(market, 50)
  const own = await fundBatch(market, 50)
  return {
    fundBatch10: ten.gas,
    fundBatch50: fifty.gas,
    completeBatch10: await completeBatch(market, ten.trades, false),
    completeBatch50: await completeBatch(market, fifty.trades, false),
    completeBatch50Own: await completeBatch(market, own.trades, true),
  }
}
