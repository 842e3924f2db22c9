import { pactArbiterAbi, pactEscrowAbi } from '@earnest/contracts'
import { readBalance } from '@earnest/sdk/escrow'
import type { Address } from 'viem'
import { usdc } from './say.ts'
import type { Stage } from './stage.ts'

/** Who owns what before and after, and what it should be. */
export type Book = Awaited<ReturnType<typeof createBook>>

/** Opens the books on every account that money may reach. */
export async function createBook({ chain, deployment, buyer, sellers }: Stage) {
  const { token, escrow, feeRecipient, arbiter } = deployment
  const balance = (owner: Address) => readBalance(chain.client, { token, owner })
  const credit = (owner: Address) =>
    chain.client.readContract({
      abi: pactEscrowAbi,
      address: escrow,
      functionName: 'creditOf',
      args: [owner],
    })
  const committee = await chain.client.readContract({
    abi: pactArbiterAbi,
    address: arbiter,
    functionName: 'committee',
  })
  const accounts: Record<string, () => Promise<bigint>> = {
    buyer: () => balance(buyer.account.address),
    'Ada Analytics': () => balance(sellers.honest.wallet),
    'Gone Tomorrow Ltd': () => balance(sellers.ghost.wallet),
    'Half & Sons': () => balance(sellers.hasty.wallet),
    'protocol fees (credit)': () => credit(feeRecipient),
    'arbiter and committee': async () => (await balance(arbiter)) + (await balance(committee)),
    'held by the escrow': () => balance(escrow),
  }
  const expected = new Map(Object.keys(accounts).map((name) => [name, 0n]))

  return {
    /** Opens an account more, whose balance should be `amount` base units when it is opened. */
    add(name: string, read: () => Promise<bigint>, amount = 0n) {
      accounts[name] = read
      expected.set(name, amount)
    },
    balance,
    /** Notes that `amount` base units should reach an account; negative: leave it. */
    expect(name: string, amount: bigint) {
      const before = expected.get(name)
      if (before === undefined) throw new Error(`no account ${name}`)
      expected.set(name, before + amount)
    },
    /** Compares every account with what was expected of it. */
    async close() {
      const rows = [['account', 'is', 'should be']]
      const faults: string[] = []
      for (const [name, read] of Object.entries(accounts)) {
        const is = await read()
        const should = expected.get(name) ?? 0n
        rows.push([name, usdc(is), usdc(should)])
        if (is !== should) faults.push(`${name}: ${usdc(is)} is not ${usdc(should)}`)
      }
      return { rows, faults }
    },
  }
}
