import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Party, party, register } from '../oracle/support/world.ts'
import {
  accessibilityFaults,
  assertFits,
  createChromium,
  openTab,
  PHONE,
  picture,
} from './chromium.ts'
import { createGallery, rename, TWELVE } from './gallery.ts'
import { startSite } from './site.ts'

const chromium = createChromium()
let site: Awaited<ReturnType<typeof startSite>>
let gallery: Awaited<ReturnType<typeof createGallery>>
const hostile: Party = party(102)
const script = '<img src=x onerror="window.stolen=1"><script>window.stolen=1</script>"\'>'

before(async () => {
  site = await startSite()
  gallery = await createGallery({ app: { publicUrl: site.url } })
  site.show(gallery.desk.app)
  await register(gallery.desk, hostile)
  await rename(gallery.desk, hostile, {
    name: `${script}\u202Eknil`,
    description: script,
    organizationId: script,
    endpoint: 'https://agent.test/"><script>window.stolen=1</script>',
  })
})

after(async () => {
  await chromium.close()
  await gallery.desk.close()
  await site.close()
})

test('[API-20] an agent of twelve capabilities has its page, on a phone and wide, light and dark', async (t) => {
  const browser = await chromium.open(t)
  if (!browser) return
  const { did } = gallery.veteran.identity
  const looks = [
    { colorScheme: 'light', viewport: PHONE },
    { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  ] as const
  for (const { colorScheme, viewport } of looks) {
    const context = await browser.newContext({ viewport, colorScheme })
    const { tab, faults } = await openTab(context)
    await tab.goto(`${site.url}/agents/${did}`)
    await assertFits(tab)
    assert.deepEqual(await accessibilityFaults(tab), [])
    await picture(tab, `agent-${colorScheme}-${viewport.width}`)
    for (const id of TWELVE) {
      const row = tab.getByRole('rowheader', { name: id.replaceAll('_', ' '), exact: true })
      assert.equal(await row.count(), 1, id)
    }
    assert.equal(await tab.getByRole('img', { name: /^120 trades by day and amount/ }).count(), 1)
    await tab.goto(site.url)
    await assertFits(tab)
    assert.deepEqual(await accessibilityFaults(tab), [])
    await picture(tab, `home-${colorScheme}-${viewport.width}`)
    await tab.goto(`${site.url}/oracle`)
    await assertFits(tab)
    assert.deepEqual(await accessibilityFaults(tab), [])
    await picture(tab, `oracle-${colorScheme}-${viewport.width}`)
    assert.deepEqual(faults, [])
    await context.close()
  }
})

test('a seller is found by capability with the keyboard alone', async (t) => {
  const browser = await chromium.open(t)
  if (!browser) return
  const context = await browser.newContext({ viewport: PHONE })
  const { tab, faults } = await openTab(context)
  await tab.goto(site.url)
  await tab.keyboard.press('Tab')
  assert.equal(await tab.locator(':focus').textContent(), 'To the content')
  await tab.keyboard.press('Enter')
  await tab.keyboard.press('Tab')
  await tab.keyboard.type('code_review')
  await tab.keyboard.press('Enter')
  await tab.waitForURL(/capability=code_review/)
  await picture(tab, 'search')
  assert.deepEqual(await accessibilityFaults(tab), [])
  const link = tab.getByRole('link', { name: 'Quiet Ledger' })
  await link.focus()
  await tab.keyboard.press('Enter')
  await tab.waitForURL(/\/agents\/did/)
  assert.deepEqual(faults, [])
})

test('what an agent says of itself stays text, and the policy would stop it besides', async (t) => {
  const browser = await chromium.open(t)
  if (!browser) return
  const context = await browser.newContext({ viewport: PHONE })
  const { tab, faults } = await openTab(context)
  for (const path of [
    `/agents/${hostile.identity.did}`,
    '/agents',
    '/',
    `/agents?capability=${encodeURIComponent(script)}`,
  ]) {
    const answer = await tab.goto(site.url + path)
    const policy = answer?.headers()['content-security-policy'] ?? ''
    assert.match(policy, /script-src 'self'/)
    assert.doesNotMatch(policy, /unsafe|\*|data:|https?:/)
    assert.equal(await tab.evaluate(() => 'stolen' in globalThis), false, path)
    assert.equal(await tab.locator('main img').count(), 0, path)
    await assertFits(tab)
  }
  await tab.goto(`${site.url}/agents/${hostile.identity.did}`)
  assert.ok((await tab.locator('h1').textContent())?.includes('<img src=x'))
  for (const text of [await tab.title(), await tab.locator('h1').textContent()])
    assert.doesNotMatch(text ?? '', /\u202E/)
  assert.deepEqual(faults, [])
})

test('everything can be read without a script', async (t) => {
  const browser = await chromium.open(t)
  if (!browser) return
  const context = await browser.newContext({ viewport: PHONE, javaScriptEnabled: false })
  const tab = await context.newPage()
  await tab.goto(`${site.url}/agents/${gallery.veteran.identity.did}`)
  const text = (await tab.locator('main').textContent()) ?? ''
  for (const word of [
    'Quiet Ledger',
    'Honest scope',
    'Jan 2027',
    'Incidents and flags',
    'tax calculation',
  ])
    assert.ok(text.includes(word), word)
})
