import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { pactArbiterAbi } from '@earnest/contracts'
import {
  encodePact,
  escrowIdOfPact,
  type Pact,
  packLadder,
  proposalTypedData,
  termsFromPact,
} from '@earnest/sdk/protocol'
import type { Page } from 'playwright-core'
import { http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { fundGas } from '../../scripts/local/chain.ts'
import { mintUsdc } from '../../scripts/local/usdc.ts'
import {
  createWorld,
  type Ground,
  register,
  startGround,
  type World,
} from '../oracle/support/world.ts'
import { accessibilityFaults, assertFits, createChromium, picture, says } from './chromium.ts'
import { createPerson, signUp } from './person.ts'
import { startSite } from './site.ts'
import { deliver, makeOffer, pactFor, runOracle } from './trading.ts'

const chromium = createChromium()
const seat = privateKeyToAccount(`0x${'61'.repeat(32)}`)
const second = privateKeyToAccount(`0x${'62'.repeat(32)}`)
let ground: Ground
let world: World
let site: Awaited<ReturnType<typeof startSite>>
let running: ReturnType<typeof runOracle> | undefined

before(async () => {
  // People’s devices have a clock of their own.
  ground = await startGround({ moderator: seat.address, open: http })
  site = await startSite()
  world = await createWorld(ground, {
    app: { publicUrl: site.url, moderators: [second.address] },
  })
  site.show(world.app)
  await register(world, world.seller)
  await fundGas(ground.client, seat.address)
  running = runOracle(world)
})

after(async () => {
  await chromium.close()
  await running?.stop()
  await site.close()
  await world?.close()
  await ground?.close()
})

/** Base units that the appellant puts down. */
const BOND = 10_000_000n
const script = '<script>window.stolen = 1</script><img src=x onerror="window.stolen = 1">'

test('[TRZ-06] [W-36] a person disputes, nobody answers, the person appeals the jury’s proposal, and two moderators decide with a reason', async (t) => {
  const browser = await chromium.open(t)
  if (!browser) return
  const { client } = ground
  const account = privateKeyToAccount(`0x${'63'.repeat(32)}`)
  const person = await createPerson(browser, { client, account })
  const { tab } = person
  const { did } = await signUp(person, site.url)
  await mintUsdc(client, {
    token: ground.deployment.token,
    to: account.address,
    amount: 50_500_000n + BOND,
  })
  const pact = pactFor(
    world,
    { did, wallet: account.address },
    {
      escrow: {
        ...encodePact(pactFor(world, { did, wallet: account.address })).escrow,
        ladder: packLadder({
          juryLimit: 6 * 3600,
          appealWindow: 12 * 3600,
          committeeLimit: 0,
          moderatorLimit: 48 * 3600,
          appealBond: BOND,
          pool: 0,
        }),
      },
    },
  )
  const escrowId = escrowIdOfPact({ pact })
  const { arbiter } = ground.deployment
  const terms = termsFromPact({ pact })
  await tab.goto(site.url + (await makeOffer(world, pact)))
  await tab.getByRole('button', { name: 'Accept and pay 50.00 USDC' }).click()
  await says(tab, 'Your money is in the contract')
  await deliver(world, pact)
  const wrong = tab.getByText('Something is wrong with it')
  for (let look = 0; look < 60 && (await wrong.count()) === 0; look++) {
    await tab.waitForTimeout(250)
    await tab.reload()
  }
  await wrong.click()
  await tab.getByLabel('What is wrong?').selectOption('incomplete')
  await tab.getByLabel('In your own words').fill(`It greets nobody. ${script}`)
  await tab.getByLabel(/^Evidence/).fill(`The card says “hello” only. ${script}`)
  // A refusal in the wallet, after the claim was handed in, keeps nobody from disputing with it.
  const disputeIt = tab.getByRole('button', { name: 'Dispute it and put down 0.50 USDC' })
  person.wallet.decline('eth_signTypedData_v4')
  await disputeIt.click()
  await tab.getByRole('alert').filter({ hasText: 'wallet_refused' }).waitFor()
  await disputeIt.click()
  await says(tab, 'You disputed the delivery')
  await says(tab, 'It greets nobody.')
  await assertFits(tab)
  assert.deepEqual(await accessibilityFaults(tab), [])
  await picture(tab, 'disputed')

  // The seller is silent for its two days; whoever looks now finds it in arbitration.
  await client.increaseTime({ seconds: 2 * 86_400 + 60 })
  await client.mine({ blocks: 1 })
  await shows(tab, 'Somebody impartial decides.')

  // The jury proposes; the page says what that means, until when, and what an appeal costs.
  await says(tab, 'A jury of models may propose a split until')
  await proposeFor(pact, 6000n)
  await shows(tab, 'A jury proposes 60 % for the seller')
  await says(tab, '19.80 USDC to you, 29.55 USDC to the seller')
  await tab.getByText('Appeal this proposal').click()
  await says(tab, 'It comes back if the decision moves at least 5 percent')
  assert.deepEqual(await accessibilityFaults(tab), [])
  await assertFits(tab)
  await picture(tab, 'appeal')
  const asked = person.wallet.asked.length
  await tab.getByRole('button', { name: 'Appeal and put down 10.00 USDC' }).click()
  await says(tab, 'You appealed. A person reads what both of you handed in')
  assert.equal(await tab.getByText('Appeal this proposal').count(), 0)
  // One signature, and the oracle paid the network fee.
  const used = person.wallet.asked.slice(asked)
  assert.equal(used.filter((method) => method === 'eth_signTypedData_v4').length, 1)
  assert.equal(used.includes('eth_sendTransaction'), false)

  // Before anybody is signed in there is nothing to read, and no form of another site signs in.
  const closed = await world.app.request(`/moderation/${escrowId}`)
  assert.equal(closed.status, 401)
  const forged = await world.app.request('/moderation/session', {
    method: 'POST',
    headers: { origin: 'https://evil.test', 'content-type': 'application/json' },
    body: '{}',
  })
  assert.equal(forged.status, 403)

  // Neither party can decide, or let the clock do it.
  for (const party of [account, world.seller.wallet]) {
    const args = [terms, 10_000n, `0x${'0'.repeat(64)}`] as const
    const call = { address: arbiter, abi: pactArbiterAbi, functionName: 'moderate', args } as const
    await assert.rejects(client.simulateContract({ ...call, account: party }), /NotModerator/)
  }

  const first = await createPerson(browser, { client, account: seat })
  await openCase(first.tab)
  assert.deepEqual(await accessibilityFaults(first.tab), [])
  assert.equal(await first.tab.evaluate(() => 'stolen' in globalThis), false)
  assert.ok((await first.tab.locator('main').textContent())?.includes(script))
  await first.tab.setViewportSize({ width: 1280, height: 900 })
  await picture(first.tab, 'case')
  await first.tab.getByLabel('The seller’s share, in percent').fill('30')
  await first.tab.getByLabel(/^Reason/).fill('The name is missing on the card itself.')
  await first.tab.getByRole('button', { name: 'Sign the decision' }).click()
  await says(first.tab, 'Signed by 1 of 2.')

  // The second reads the same papers and the reason, and signs the same.
  const other = await createPerson(browser, { client, account: second })
  await openCase(other.tab)
  await says(other.tab, 'The name is missing on the card itself.')
  await other.tab.getByLabel('The seller’s share, in percent').fill('40')
  await other.tab.getByRole('button', { name: 'Sign the decision' }).click()
  await other.tab.getByRole('alert').filter({ hasText: 'decision_differs' }).waitFor()
  await other.tab.getByLabel('The seller’s share, in percent').fill('30')
  await other.tab.getByRole('button', { name: 'Sign the decision' }).click()
  await says(other.tab, 'Signed by enough.')

  await first.tab.reload()
  await first.tab.getByRole('button', { name: 'Sign the decision' }).click()
  await says(first.tab, 'The decision is on its way')
  await shows(tab, 'The money was split. This trade is over.')
  await says(tab, 'The name is missing on the card itself.')
  await picture(tab, 'resolved')
  const answer = await world.app.request(`/api/v1/escrows/${escrowId}`)
  assert.equal(((await answer.json()) as { state: string }).state, 'Resolved')
  const record = await world.oracle.db
    .selectFrom('journal')
    .select('action')
    .where('action', 'in', ['moderator_signed_in', 'package_read', 'decision_signed'])
    .execute()
  const count = (action: string) => record.filter((entry) => entry.action === action).length
  assert.equal(count('moderator_signed_in'), 2)
  assert.equal(count('decision_signed'), 3)
  assert.ok(count('package_read') >= 3)

  // What anybody sees of it is hashes.
  await tab.goto(`${site.url}/trades/${escrowId}/dispute`)
  const text = (await tab.locator('main').textContent()) ?? ''
  assert.doesNotMatch(text, /greets nobody|says “hello”|missing on the card/)
  assert.match(text, /Something is missing/)
  assert.deepEqual(await accessibilityFaults(tab), [])
  await picture(tab, 'dispute')
  assert.deepEqual(person.faults, [])
  assert.deepEqual(first.faults, [])

  /** The jury's proposal, signed by the oracle's attestors, as its own process files it. */
  async function proposeFor({ escrow }: Pact, sellerBps: bigint): Promise<void> {
    const recordHash = `0x${'7'.repeat(64)}` as const
    const typedData = proposalTypedData({
      ...{ chainId: escrow.chainId, contract: escrow.contract, escrowId },
      ...{ round: 1n, sellerBps, recordHash },
    })
    const { attestors } = world.oracle
    const proof = await attestors.prove({ arbiter, kind: 'proposal', typedData })
    const args = [terms, sellerBps, recordHash, proof] as const
    const call = { address: arbiter, abi: pactArbiterAbi, functionName: 'propose', args } as const
    const { request } = await client.simulateContract({ ...call, account: seat })
    await client.writeContract(request)
    await client.mine({ blocks: 2 })
  }

  async function openCase(desk: typeof tab): Promise<void> {
    await desk.goto(`${site.url}/moderation`)
    await desk.getByRole('button', { name: 'Sign in with the moderator’s wallet' }).click()
    await says(desk, 'One case waits')
    await desk.locator(`a[href="/moderation/${escrowId}"]`).click()
    await says(desk, 'It greets nobody.')
  }
})

/** Loads a page anew until the oracle has followed the chain and the page says so. */
async function shows(tab: Page, text: string): Promise<void> {
  const said = tab.getByText(text)
  for (let look = 0; look < 80 && (await said.count()) === 0; look++) {
    await tab.waitForTimeout(250)
    await tab.reload()
  }
  await says(tab, text)
}

test('a wallet that is no moderator’s does not get in', async (t) => {
  const browser = await chromium.open(t)
  if (!browser) return
  const account = privateKeyToAccount(`0x${'64'.repeat(32)}`)
  const { tab } = await createPerson(browser, { client: ground.client, account })
  await tab.goto(`${site.url}/moderation`)
  await tab.getByRole('button', { name: 'Sign in with the moderator’s wallet' }).click()
  await tab.getByRole('alert').filter({ hasText: 'not_moderator' }).waitFor()
})
