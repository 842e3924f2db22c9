import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bondVaultAbi } from '@earnest/contracts'
import { fundGas } from '../../../scripts/local/chain.ts'
import { mintUsdc, usdcAbi } from '../../../scripts/local/usdc.ts'
import { createWorld, type Ground, register, startGround, type World } from '../support/world.ts'

let ground: Ground
let world: World

before(async () => {
  ground = await startGround()
  world = await createWorld(ground)
  await fundGas(ground.client, world.seller.wallet.address)
})
after(async () => {
  await world?.close()
  await ground?.close()
})

async function write(
  abi: typeof usdcAbi | typeof bondVaultAbi,
  address: `0x${string}`,
  functionName: string,
  args: unknown[],
) {
  const hash = await ground.client.writeContract({
    abi,
    address,
    functionName,
    args,
    account: world.seller.wallet,
    chain: ground.client.chain,
  } as Parameters<typeof ground.client.writeContract>[0])
  const receipt = await ground.client.waitForTransactionReceipt({ hash })
  assert.equal(receipt.status, 'success')
}

async function bond(): Promise<[number, string]> {
  await world.settle()
  const id = encodeURIComponent(world.seller.identity.did)
  const response = await world.app.request(`/api/v1/trust/${id}?nonce=${crypto.randomUUID()}`)
  const answer = (await response.json()) as { bondTier: number; bondAmountUsdc: string }
  return [answer.bondTier, answer.bondAmountUsdc]
}

test('[ORC-07] the tier is derived from the bond on chain, in the next query', async () => {
  const { token, vault } = ground.deployment
  const amount = 5_000_000_000n
  await mintUsdc(ground.client, { token, to: world.seller.wallet.address, amount })
  await write(usdcAbi, token, 'approve', [vault, amount])
  await write(bondVaultAbi, vault, 'stake', [amount])
  await world.settle()
  // The stake is older than the registration.
  await register(world, world.seller)
  assert.deepEqual(await bond(), [2, '5000'])
  await write(bondVaultAbi, vault, 'requestWithdrawal', [amount - 500_000_000n])
  assert.deepEqual(await bond(), [1, '500'])
})
