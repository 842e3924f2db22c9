import { bondVaultAbi } from '@earnest/contracts'
import { unpackClauses } from '@earnest/sdk/protocol'
import type { Abi, TypedDataDefinition } from 'viem'
import { localAccount } from '../../local/chain.ts'
import { usdcAbi } from '../../local/usdc.ts'
import { AMOUNT, buyer, FEE, type Market, seller, type Trade } from './market.ts'
import { type Moves, measure } from './measure.ts'
import { stage } from './stage.ts'

/** 10,000 USDC of the seller's, tier 2. */
const BOND = 10_000_000_000n

const RELEASED = { escrow: -(AMOUNT - FEE), seller: AMOUNT - FEE, protocolFees: FEE }
const RETURNED = { escrow: -AMOUNT, buyer: AMOUNT }
const FUNDED = { escrow: AMOUNT, buyer: -AMOUNT }

/** 60 % by agreement: no arbitration fee, 1 % of the seller's part. */
const SETTLED = {
  escrow: -(AMOUNT - 600_000n),
  seller: 59_400_000n,
  buyer: 40_000_000n,
  protocolFees: 600_000n,
}
/** 60 % by ruling: 1 % off the top, 1 % of the seller's part; the disputer's stake goes home. */
const RULED = {
  escrow: -(AMOUNT - 1_600_000n + FEE),
  seller: 58_800_000n,
  buyer: 39_600_000n + FEE,
  protocolFees: 600_000n,
  arbitrationFees: FEE,
}
/** Nobody attested or proposed and the buyer objected: the fallback split, no arbitration fee. */
const CONCLUDED = {
  escrow: -(AMOUNT - 500_000n + FEE),
  seller: 49_500_000n,
  buyer: 50_000_000n + FEE,
  protocolFees: 500_000n,
}

async function run(transaction: Promise<() => Promise<bigint>>): Promise<bigint> {
  return (await transaction)()
}

/** A funded trade. */
async function funded(
  market: Market,
  options: Parameters<Market['trade']>[0] = {},
): Promise<Trade> {
  const trade = await market.trade(options)
  await run(stage.fund(market, trade))
  return trade
}

async function delivered(market: Market): Promise<Trade> {
  const trade = await funded(market)
  await run(stage.deliver(market, trade))
  return trade
}

async function disputed(market: Market): Promise<Trade> {
  const trade = await delivered(market)
  await run(stage.dispute(market, trade))
  return trade
}

async function arbitrated(market: Market): Promise<Trade> {
  const trade = await disputed(market)
  await run(stage.defend(market, trade))
  await run(stage.escalate(market, trade))
  return trade
}

/** A funded trade that is released at once against the seller's bond. */
const bonded = (market: Market): Promise<Trade> => funded(market, { vault: market.vault })

/** Leaves two locks open and a balance or accrual everywhere, as in the middle of a busy day. */
export async function warmUp(market: Market): Promise<void> {
  await funded(market)
  await delivered(market)
  await run(stage.release(market, await funded(market)))
  await run(stage.rule(market, await arbitrated(market), 6_000n))
  await market.write(buyer, market.token, usdcAbi, 'approve', [market.escrow, 2n ** 64n])
  await market.write(seller, market.token, usdcAbi, 'approve', [market.vault, BOND])
  await market.write(seller, market.vault, bondVaultAbi as Abi, 'stake', [BOND])
  await run(stage.complete(market, await bonded(market), { reserve: true }))
}

/** Every verb on its own, one cold transaction each. */
export async function measureSingle(market: Market): Promise<Record<string, number>> {
  const gas: Record<string, number> = {}
  const take = async (name: string, moves: Moves, transaction: Promise<() => Promise<bigint>>) => {
    const send = await transaction
    gas[name] = await measure(market, moves, send)
  }

  await take('fund', FUNDED, stage.fund(market, await market.trade()))
  await takePermit(market, gas)
  const allowed = await market.trade()
  gas.fundByAllowance = await measure(market, FUNDED, () =>
    market.send(buyer, 'fundByAllowance', [allowed.terms, '0x']),
  )

  await take('deliver', {}, stage.deliver(market, await funded(market)))
  await take('attest', {}, stage.attest(market, await delivered(market)))
  await take('release', RELEASED, stage.release(market, await funded(market)))
  await take('refund', RETURNED, stage.refund(market, await funded(market)))
  await take('settle', SETTLED, stage.settle(market, await funded(market), 6_000n))
  await take(
    'dispute',
    { escrow: FEE, buyer: -FEE },
    stage.dispute(market, await delivered(market)),
  )
  await take('defend', {}, stage.defend(market, await disputed(market)))
  await take('rule', RULED, stage.rule(market, await arbitrated(market), 6_000n))

  const late = await funded(market)
  await market.warp(unpackClauses(late.terms.clauses).deliverBy)
  await take('expire', RETURNED, stage.expire(market, late))

  const silent = await arbitrated(market)
  await market.warp((await market.now()) + 259_200)
  await take('conclude', CONCLUDED, stage.conclude(market, silent))

  const waived = { clauses: { reviewWindow: 0 } }
  await take('complete', RELEASED, stage.complete(market, await funded(market, waived)))
  await take(
    'completeBonded',
    RELEASED,
    stage.complete(market, await bonded(market), { reserve: true }),
  )
  await take(
    'completeAccepted',
    RELEASED,
    stage.complete(market, await funded(market), { accepted: true }),
  )
  return gas
}

async function takePermit(market: Market, gas: Record<string, number>): Promise<void> {
  const { terms } = await market.trade()
  const nonce = await market.client.readContract({
    address: market.token,
    abi: usdcAbi,
    functionName: 'nonces',
    args: [buyer.address],
  })
  const deadline = 2n ** 40n
  const permit = await buyer.signTypedData({
    domain: {
      name: market.usdc.name,
      version: market.usdc.version,
      chainId: BigInt(market.chainId),
      verifyingContract: market.token,
    },
    types: {
      Permit: [
        { name: 'owner', type: 'address' },
        { name: 'spender', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'nonce', type: 'uint256' },
        { name: 'deadline', type: 'uint256' },
      ],
    },
    primaryType: 'Permit',
    message: { owner: buyer.address, spender: market.escrow, value: AMOUNT, nonce, deadline },
  } as TypedDataDefinition)
  gas.fundByPermit = await measure(market, FUNDED, () =>
    market.send(buyer, 'fundByPermit', [terms, deadline, permit, '0x']),
  )
  await market.write(buyer, market.token, usdcAbi, 'approve', [market.escrow, 2n ** 64n])
}

/** Accruals leave last: what they were is what is asserted. */
export async function measureFees(market: Market): Promise<Record<string, number>> {
  const { protocolFees } = await market.holdings()
  const sweep = await measure(
    market,
    { escrow: -(protocolFees - 1n), protocolFees: -(protocolFees - 1n) },
    () => market.send(seller, 'sweep', [market.feeRecipient]),
  )
  await run(stage.release(market, await funded(market)))
  // A withdrawal takes everything, so nothing is left to be above zero.
  const withdraw = Number(
    await market.send(localAccount(4), 'withdraw', [
      market.feeRecipient,
      market.feeRecipient,
      '0x',
    ]),
  )
  return { sweep, withdraw }
}
