import assert from 'node:assert/strict'
import { pactEscrowAbi } from '@earnest/contracts'
import {
  type Clauses,
  encodeAuthorization,
  escrowId,
  packClauses,
  type Terms,
  type TokenRef,
} from '@earnest/sdk/protocol'
import {
  type Abi,
  type Address,
  type ContractFunctionArgs,
  type ContractFunctionName,
  concat,
  encodePacked,
  erc20Abi,
  type HDAccount,
  type Hex,
  hashTypedData,
  keccak256,
  numberToHex,
  type TypedDataDefinition,
  zeroAddress,
  zeroHash,
} from 'viem'
import { type LocalClient, localAccount, localClient } from '../../local/chain.ts'
import { type Deployment, deployEarnest } from '../../local/deploy.ts'
import { startChain } from '../../local/startChain.ts'
import { mintUsdc, usdcAbi } from '../../local/usdc.ts'

/** 100 USDC. */
export const AMOUNT = 100_000_000n
/** 1 % of it, for the protocol, for arbitration, for a stake. */
export const FEE = 1_000_000n

const CLAUSES = {
  milestone: 0,
  reviewWindow: 3600,
  responseWindow: 86_400,
  negotiationWindow: 86_400,
  arbitrationWindow: 259_200,
  protocolFeeBps: 100,
  arbitrationFeeBps: 100,
  fallbackSellerBps: 5_000,
}

export const buyer = localAccount(10)
export const seller = localAccount(11)
export const relayer = localAccount(12)
const attestors = [20, 21, 22]
  .map(localAccount)
  .sort((a, b) => (a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1))

/** Seller `index` of a batch. */
export const batchSeller = (index: number): HDAccount => localAccount(100 + index)

type Write = ContractFunctionName<typeof pactEscrowAbi, 'nonpayable'>

export interface Trade {
  terms: Terms
  id: Hex
}

/** A running chain with real USDC, the escrow, its arbiter and everybody's balance above zero. */
export interface Market extends Deployment {
  client: LocalClient
  usdc: TokenRef
  /** Terms nobody has funded yet. */
  trade(options?: { seller?: Address; clauses?: Partial<Clauses>; vault?: Address }): Promise<Trade>
  /** Sends one transaction to the escrow and returns its receipt gas. */
  send<V extends Write>(
    sender: HDAccount,
    verb: V,
    args: ContractFunctionArgs<typeof pactEscrowAbi, 'nonpayable', V>,
  ): Promise<bigint>
  write(
    sender: HDAccount,
    to: Address,
    abi: Abi,
    functionName: string,
    args: unknown[],
  ): Promise<bigint>
  /** Moves the clock so that the next block stands at `timestamp`. */
  warp(timestamp: number): Promise<void>
  now(): Promise<number>
  /** Who holds what: tokens, and what the escrow owes. */
  holdings(): Promise<Record<Holder, bigint>>
}

export type Holder = 'escrow' | 'buyer' | 'seller' | 'protocolFees' | 'arbitrationFees'

/** Signs as EIP-712 in the shape that the escrow takes from a party. */
export async function authorize(
  signer: HDAccount,
  typed: { message: { validBefore: bigint } },
): Promise<Hex> {
  const signature = await signer.signTypedData(typed as unknown as TypedDataDefinition)
  return encodeAuthorization({ validBefore: typed.message.validBefore, signature })
}

/** A proof of the first `need` of three attestors, as the default arbiter reads it. */
export async function attestorProof(typed: object, need: number): Promise<Hex> {
  const hash = hashTypedData(typed as TypedDataDefinition)
  const signatures = await Promise.all(attestors.slice(0, need).map((key) => key.sign({ hash })))
  return concat([
    numberToHex(attestors.length, { size: 1 }),
    ...attestors.map((key) => encodePacked(['address', 'uint40'], [key.address, 0])),
    ...signatures,
  ])
}

/** Opens a market for the time of one run. */
export async function openMarket(): Promise<Market & { close(): Promise<void> }> {
  const chain = await startChain()
  const client = localClient(chain.url)
  const deployment = await deployEarnest(client, {
    attestors: attestors.map(({ address }) => address),
    threshold: 2,
  })
  const { token, escrow, arbiter, feeRecipient, chainId } = deployment
  const read = (functionName: 'name' | 'version') =>
    client.readContract({ address: token, abi: usdcAbi, functionName })
  const usdc = { address: token, name: await read('name'), version: await read('version') }

  const write: Market['write'] = async (sender, to, abi, functionName, args) => {
    // The limit is given, so that no estimate comes between; the receipt says what was used.
    const hash = await client.writeContract({
      account: sender,
      address: to,
      abi,
      functionName,
      args,
      gas: 12_000_000n,
    })
    const { status, gasUsed } = await client.waitForTransactionReceipt({ hash })
    assert.equal(status, 'success', functionName)
    return gasUsed
  }
  const now = async () => Number((await client.getBlock()).timestamp)
  const balanceOf = (owner: Address) =>
    client.readContract({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [owner] })
  const creditOf = (owner: Address) =>
    client.readContract({
      address: escrow,
      abi: pactEscrowAbi,
      functionName: 'creditOf',
      args: [owner],
    })

  const people = [buyer, seller, relayer, ...Array.from({ length: 50 }, (_, i) => batchSeller(i))]
  for (const { address } of people) {
    await client.setBalance({ address, value: 10n ** 18n })
    await mintUsdc(client, { token, to: address, amount: 1_000_000_000_000n })
  }
  await mintUsdc(client, { token, to: feeRecipient, amount: 1n })
  await client.setBalance({ address: feeRecipient, value: 10n ** 18n })

  let salts = 0n
  const market: Market = {
    ...deployment,
    client,
    usdc,
    write,
    now,
    send: (sender, verb, args) =>
      write(sender, escrow, pactEscrowAbi as Abi, verb, args as readonly unknown[] as unknown[]),
    async trade({ seller: payee = seller.address, clauses = {}, vault = zeroAddress } = {}) {
      const timestamp = await now()
      salts += 1n
      const terms: Terms = {
        buyer: buyer.address,
        seller: payee,
        arbiter,
        vault,
        feeRecipient,
        amount: AMOUNT,
        pactHash: keccak256(numberToHex(salts, { size: 32 })),
        ladder: zeroHash,
        salt: keccak256(numberToHex(~salts & (2n ** 256n - 1n), { size: 32 })),
        clauses: packClauses({
          ...CLAUSES,
          fundBy: timestamp + 3_600,
          deliverBy: timestamp + 86_400,
          ...clauses,
        }),
      }
      return { terms, id: escrowId({ terms, chainId, contract: escrow }) }
    },
    async warp(timestamp) {
      await client.setNextBlockTimestamp({ timestamp: BigInt(timestamp) })
    },
    async holdings() {
      const [held, ofBuyer, ofSeller, protocolFees, arbitrationFees] = await Promise.all([
        balanceOf(escrow),
        balanceOf(buyer.address),
        balanceOf(seller.address),
        creditOf(feeRecipient),
        creditOf(arbiter),
      ])
      return { escrow: held, buyer: ofBuyer, seller: ofSeller, protocolFees, arbitrationFees }
    },
  }
  return { ...market, close: chain.close }
}
