import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ANYONE, escrowIdOfPact, hashPact } from '@earnest/sdk/protocol'
import { http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { mintUsdc, usdcAbi } from '../../scripts/local/usdc.ts'
import {
  createWorld,
  type Ground,
  register,
  startGround,
  type World,
} from '../oracle/support/world.ts'
import { deploySmartWallet } from '../sdk/support/smartWallet.ts'
import { accessibilityFaults, assertFits, createChromium, picture, says } from './chromium.ts'
import { createPerson, signUp } from './person.ts'
import { startSite } from './site.ts'
import { confirmOffer, deliver, makeOffer, pactFor, runOracle } from './trading.ts'

const chromium = createChromium()
let ground: Ground
let world: World
let site: Awaited<ReturnType<typeof startSite>>
let running: ReturnType<typeof runOracle> | undefined

before(async () => {
  // People’s devices have a clock of their own.
  ground = await startGround({ open: http })
  site = await startSite()
  world = await createWorld(ground, {
    app: {
      publicUrl: site.url,
      verifyWallet: ({ wallet, typedData, signature }) =>
        ground.client.verifyTypedData({ address: wallet, ...typedData, signature } as never),
    },
  })
  site.show(world.app)
  await register(world, world.seller)
  running = runOracle(world)
})

after(async () => {
  await chromium.close()
  await running?.stop()
  await site.close()
  await world?.close()
  await ground.close()
})

const balanceOf = (owner: `0x${string}`) =>
  ground.client.readContract({
    address: ground.deployment.token,
    abi: usdcAbi,
    functionName: 'balanceOf',
    args: [owner],
  })

const escrowOf = async (escrowId: string) =>
  (await (await world.app.request(`/api/v1/escrows/${escrowId}`)).json()) as {
    state: string
    settlement: { outcome: string } | null
  }

test('[TOL-24] a person signs up, accepts an offer, pays, looks at the work and approves, with the keyboard alone', async (t) => {
  const browser = await chromium.open(t)
  if (!browser) return
  const account = privateKeyToAccount(`0x${'51'.repeat(32)}`)
  const person = await createPerson(browser, { client: ground.client, account })
  const { tab, faults, wallet } = person
  const { did, code } = await signUp(person, site.url)
  assert.match(did, /^did:key:z6Mk/)
  assert.match(code, /^([0-9A-Z]{4} ?){14}$/)
  await picture(tab, 'customer')
  assert.deepEqual(await accessibilityFaults(tab), [])

  const { token } = ground.deployment
  await mintUsdc(ground.client, { token, to: account.address, amount: 60_000_000n })
  const pact = pactFor(world, { did, wallet: account.address })
  const path = await makeOffer(world, pact)
  await tab.reload()
  await tab.getByRole('link', { name: 'financial analysis' }).click()
  await tab.waitForURL(site.url + path)
  await assertFits(tab)
  assert.deepEqual(await accessibilityFaults(tab), [])
  await picture(tab, 'offer')

  // A refusal in the wallet is said in words and costs nothing.
  wallet.decline('eth_signTypedData_v4')
  const pay = tab.getByRole('button', { name: 'Accept and pay 50.00 USDC' })
  await pay.focus()
  await tab.keyboard.press('Enter')
  await tab.getByRole('alert').filter({ hasText: 'wallet_refused' }).waitFor()
  await picture(tab, 'declined')
  await pay.focus()
  await tab.keyboard.press('Enter')
  await says(tab, 'Your money is in the contract')
  await picture(tab, 'funded')
  const escrowId = escrowIdOfPact({ pact })
  assert.equal((await escrowOf(escrowId)).state, 'Funded')
  assert.equal(await balanceOf(account.address), 10_000_000n)
  assert.equal(wallet.asked.includes('eth_sendTransaction'), false)

  await deliver(world, pact)
  const open = tab.getByRole('button', { name: 'Open the delivered files' })
  for (let look = 0; look < 60 && (await open.count()) === 0; look++) {
    await tab.waitForTimeout(250)
    await tab.reload()
  }
  assert.deepEqual(await accessibilityFaults(tab), [])
  await open.focus()
  await tab.keyboard.press('Enter')
  const save = tab.getByRole('button', { name: 'Save result.json' })
  await save.waitFor()
  const saving = tab.waitForEvent('download')
  await save.focus()
  await tab.keyboard.press('Enter')
  assert.equal((await saving).suggestedFilename(), 'result.json')
  await picture(tab, 'delivered')

  const before = await balanceOf(world.seller.wallet.address)
  await tab.getByRole('button', { name: 'Approve: pay the seller' }).focus()
  await tab.keyboard.press('Enter')
  await says(tab, 'The seller was paid. This trade is over.')
  await picture(tab, 'paid')
  assert.equal((await escrowOf(escrowId)).state, 'Completed')
  assert.equal((await balanceOf(world.seller.wallet.address)) - before, 49_750_000n)
  assert.deepEqual(faults, [])

  // Every step stands on the public page with its transaction.
  await tab.goto(`${site.url}/trades/${escrowId}`)
  for (const what of ['The buyer paid in', 'The seller delivered', 'The seller was paid'])
    assert.equal(await tab.getByText(what, { exact: true }).count(), 1, what)
  await assertFits(tab)
  assert.deepEqual(await accessibilityFaults(tab), [])
  await picture(tab, 'trade')
})

test('a smart wallet (ERC-1271) comes by the link of an open offer, signs up there, takes it and pays', async (t) => {
  const browser = await chromium.open(t)
  if (!browser) return
  const owner = privateKeyToAccount(`0x${'52'.repeat(32)}`)
  const { account } = await deploySmartWallet(ground.client, owner)
  const person = await createPerson(browser, { client: ground.client, account })
  const { tab, faults } = person
  const { seller } = world
  const open = pactFor(world, ANYONE, { proposedBy: seller.identity.did, proposedTo: ANYONE.did })
  const path = await makeOffer(world, open)
  await signUp(person, site.url, { path })
  await says(tab, 'for whoever takes it first')
  await assertFits(tab)
  assert.deepEqual(await accessibilityFaults(tab), [])
  await picture(tab, 'open-offer')
  const take = tab.getByRole('button', { name: 'Take this offer for 50.00 USDC' })
  // Without the money nobody keeps it from others.
  await take.click()
  await tab.getByRole('alert').filter({ hasText: 'insufficient_funds' }).waitFor()
  const { token } = ground.deployment
  await mintUsdc(ground.client, { token, to: account.address, amount: 50_000_000n })
  await take.click()
  const pact = await confirmOffer(world, open)
  await tab.waitForURL(`${site.url}/offers/${hashPact(pact)}`)
  await tab.getByRole('button', { name: 'Accept and pay 50.00 USDC' }).click()
  await says(tab, 'Your money is in the contract')
  assert.equal((await escrowOf(escrowIdOfPact({ pact }))).state, 'Funded')
  assert.equal(await balanceOf(account.address), 0n)
  // The refusal above is the only thing that the browser has to say.
  assert.deepEqual(
    faults.filter((fault) => !fault.includes('422')),
    [],
  )
  await tab.goto(site.url + path)
  await says(tab, 'Somebody has taken this offer.')
})

test('a lost phone: wallet and recovery code together bring a key to the next one, and the old key ends', async (t) => {
  const browser = await chromium.open(t)
  if (!browser) return
  const account = privateKeyToAccount(`0x${'53'.repeat(32)}`)
  const lost = await createPerson(browser, { client: ground.client, account })
  const { did, code } = await signUp(lost, site.url)
  await makeOffer(world, pactFor(world, { did, wallet: account.address }))

  const { tab } = await createPerson(browser, { client: ground.client, account })
  await tab.goto(`${site.url}/customer`)
  await tab.getByText('Come back with a recovery code').click()
  await tab.getByLabel('Customer number').fill(did)
  const mistyped = code.startsWith('0') ? `1${code.slice(1)}` : `0${code.slice(1)}`
  await tab.getByLabel('Recovery code').fill(mistyped)
  const bring = tab.getByRole('button', { name: 'Bring my key to this device' })
  await bring.click()
  await tab.getByRole('alert').filter({ hasText: 'recovery_code_wrong' }).waitFor()

  // The paper alone is not enough: another wallet cannot vouch for the key.
  const thief = await createPerson(browser, {
    client: ground.client,
    account: privateKeyToAccount(`0x${'54'.repeat(32)}`),
  })
  await thief.tab.goto(`${site.url}/customer`)
  await thief.tab.getByText('Come back with a recovery code').click()
  await thief.tab.getByLabel('Customer number').fill(did)
  await thief.tab.getByLabel('Recovery code').fill(code)
  await thief.tab.getByRole('button', { name: 'Bring my key to this device' }).click()
  await thief.tab.getByRole('alert').filter({ hasText: 'wrong_wallet' }).waitFor()

  await tab.getByLabel('Recovery code').fill(code.toLowerCase().replaceAll(' ', ''))
  await bring.click()
  const done = tab.getByRole('button', { name: 'I have written it down' })
  await done.waitFor()
  assert.notEqual(await tab.locator('#recovery-code').textContent(), code)
  await done.click()
  await tab.getByRole('link', { name: 'financial analysis' }).waitFor()

  await lost.tab.reload()
  await lost.tab
    .getByRole('alert')
    .filter({ hasText: /invalid_request_signature|key_not_valid/ })
    .waitFor()
})
