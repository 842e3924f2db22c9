import type { Browser, Page } from 'playwright-core'
import type { Hex, LocalAccount } from 'viem'
import type { LocalClient } from '../../scripts/local/chain.ts'
import { openTab, PHONE } from './chromium.ts'

type TypedData = {
  domain: { chainId?: string | number | bigint }
  types: Record<string, { name: string; type: string }[]>
  primaryType: string
  message: Record<string, unknown>
}

/** A wallet of the browser with a real key, as an extension would announce it (EIP-6963). */
export type TestWallet = {
  name: string
  account: LocalAccount
  /** Every method that the page asked for. */
  asked: string[]
  /** Declines the next request of this method. */
  decline: (method: string) => void
}

/** A person with a phone and a wallet before the pages; `client` is the wallet's way to the chain. */
export async function createPerson(
  browser: Browser,
  {
    client,
    account,
    name = 'Test Wallet',
  }: { client: LocalClient; account: LocalAccount; name?: string },
): Promise<{ tab: Page; faults: string[]; wallet: TestWallet }> {
  const context = await browser.newContext({ viewport: PHONE, acceptDownloads: true })
  const asked: string[] = []
  const declined = new Set<string>()
  const answer = async (method: string, params: unknown[]): Promise<unknown> => {
    asked.push(method)
    if (declined.delete(method)) return { refused: 4001 }
    switch (method) {
      case 'eth_requestAccounts':
        return { result: [account.address] }
      case 'eth_chainId':
        return { result: `0x${(await client.getChainId()).toString(16)}` }
      case 'eth_signTypedData_v4':
        return { result: await account.signTypedData(typed(String(params[1])) as never) }
      case 'eth_sendTransaction': {
        const { to, data } = params[0] as { to: Hex; data: Hex }
        const chain = client.chain
        return { result: await client.sendTransaction({ account, chain, to, data }) }
      }
      default:
        return { result: await client.request({ method, params } as never) }
    }
  }
  await context.exposeFunction('testWallet', answer)
  await context.addInitScript((shown) => {
    type Page = typeof globalThis & {
      testWallet(method: string, params: unknown[]): Promise<{ result?: unknown; refused?: number }>
      dispatchEvent(event: Event): void
      addEventListener(type: string, listener: () => void): void
    }
    const page = globalThis as Page
    const provider = {
      async request({ method, params = [] }: { method: string; params?: unknown[] }) {
        const { result, refused } = await page.testWallet(method, params)
        if (refused !== undefined) throw Object.assign(new Error('declined'), { code: refused })
        return result
      },
    }
    const info = { uuid: '350670db-19fa-4704-a166-e52e178b59d2', rdns: 'test.earnest', icon: '' }
    const detail = Object.freeze({ info: { ...info, name: shown }, provider })
    page.addEventListener('eip6963:requestProvider', () =>
      page.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail })),
    )
  }, name)
  const { tab, faults } = await openTab(context)
  const decline = (method: string) => void declined.add(method)
  return { tab, faults, wallet: { name, account, asked, decline } }
}

/** Typed data out of a wallet's JSON; numbers come as text. */
function typed(text: string): TypedData {
  const { types, domain, ...rest } = JSON.parse(text) as TypedData
  const { EIP712Domain: _, ...own } = types
  const message = Object.fromEntries(
    (own[rest.primaryType] ?? []).map(({ name, type }) => {
      const value = rest.message[name]
      return [name, /^u?int/.test(type) ? BigInt(String(value)) : value]
    }),
  )
  const chainId = domain.chainId === undefined ? {} : { chainId: BigInt(domain.chainId) }
  return { ...rest, domain: { ...domain, ...chainId }, types: own, message }
}

/** Signs a person up by the keyboard alone; gives the customer number and the recovery code. */
export async function signUp(
  { tab }: Pick<Awaited<ReturnType<typeof createPerson>>, 'tab'>,
  url: string,
  { path = '/customer' }: { path?: string } = {},
): Promise<{ did: string; code: string }> {
  await tab.goto(url + path)
  await tab.getByLabel('The name that sellers see').focus()
  await tab.keyboard.type('Ada')
  await tab.keyboard.press('Enter')
  const done = tab.getByRole('button', { name: 'I have written it down' })
  await done.waitFor()
  const did = (await tab.locator('#customer-number').textContent()) ?? ''
  const code = (await tab.locator('#recovery-code').textContent()) ?? ''
  await tab.keyboard.press('Enter')
  await tab.locator(path === '/customer' ? '#known' : '#take').waitFor()
  return { did, code }
}
