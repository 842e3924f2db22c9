import { EarnestError } from '@earnest/sdk/protocol'
import { getTypesForEIP712Domain, type Hex, type TypedDataDefinition } from 'viem'
import { byId } from './say.ts'

/** A wallet of the browser (EIP-1193). */
type Provider = { request(call: { method: string; params?: unknown[] }): Promise<unknown> }
type Announced = { name: string; rdns: string; provider: Provider }

/** A wallet that is connected, on the right chain; a smart wallet signs by the same door (ERC-1271). */
export type Wallet = {
  address: Hex
  sign(typedData: object): Promise<Hex>
  send(call: { to: Hex; data: Hex }): Promise<Hex>
  read(call: { to: Hex; data: Hex }): Promise<Hex>
}

/** Milliseconds in which wallets announce themselves (EIP-6963 gives no end). */
const ANNOUNCING = 250
const LAST = 'earnest/wallet'

/**
 * Connects a wallet; asks which, where there are several. The page never sees a key.
 * @throws wallet_missing, wallet_refused, wallet_wrong_chain, wrong_wallet
 */
export async function connect({
  chainId,
  want,
}: {
  chainId: number
  /** Address that the pact names; any, where none is given. */
  want?: string
}): Promise<Wallet> {
  const { provider, rdns } = await choose(await findWallets())
  const ask = (method: string, params?: unknown[]) => request(provider, method, params)
  const accounts = (await ask('eth_requestAccounts')) as Hex[]
  const address =
    want === undefined
      ? accounts[0]
      : accounts.find((account) => account.toLowerCase() === want.toLowerCase())
  if (!address) throw new EarnestError('wrong_wallet', 'Another account is connected')
  await onChain(ask, chainId)
  localStorage.setItem(LAST, rdns)
  return {
    address,
    sign: async (typedData) =>
      (await ask('eth_signTypedData_v4', [address, wire(typedData)])) as Hex,
    send: async (call) => (await ask('eth_sendTransaction', [{ from: address, ...call }])) as Hex,
    read: async (call) => (await ask('eth_call', [call, 'latest'])) as Hex,
  }
}

async function onChain(
  ask: (method: string, params?: unknown[]) => Promise<unknown>,
  chainId: number,
): Promise<void> {
  const current = async () => Number(await ask('eth_chainId'))
  if ((await current()) === chainId) return
  try {
    await ask('wallet_switchEthereumChain', [{ chainId: `0x${chainId.toString(16)}` }])
  } catch (cause) {
    throw new EarnestError('wallet_wrong_chain', 'The wallet stays on its chain', { cause })
  }
  if ((await current()) !== chainId) throw new EarnestError('wallet_wrong_chain', 'Still another')
}

async function findWallets(): Promise<Announced[]> {
  const found = new Map<string, Announced>()
  const hear = (event: Event) => {
    const { detail } = event as CustomEvent<{
      info: { uuid: string; name: string; rdns: string }
      provider: Provider
    }>
    const { uuid, name, rdns } = detail.info
    found.set(uuid, { name, rdns, provider: detail.provider })
  }
  window.addEventListener('eip6963:announceProvider', hear)
  window.dispatchEvent(new Event('eip6963:requestProvider'))
  await new Promise((resolve) => setTimeout(resolve, ANNOUNCING))
  window.removeEventListener('eip6963:announceProvider', hear)
  const { ethereum } = window as { ethereum?: Provider }
  if (found.size === 0 && ethereum)
    return [{ name: 'Wallet', rdns: 'injected', provider: ethereum }]
  return [...found.values()]
}

async function choose(wallets: readonly Announced[]): Promise<Announced> {
  const [first] = wallets
  if (!first) throw new EarnestError('wallet_missing', 'No wallet announced itself')
  const last = wallets.find(({ rdns }) => rdns === localStorage.getItem(LAST))
  if (wallets.length === 1 || last) return last ?? first
  const frame = byId('wallets')
  const title = document.createElement('p')
  title.textContent = 'Which wallet?'
  return new Promise((resolve) => {
    const buttons = wallets.map((wallet) => {
      const button = document.createElement('button')
      button.type = 'button'
      button.textContent = wallet.name
      button.addEventListener('click', () => {
        frame.replaceChildren()
        resolve(wallet)
      })
      return button
    })
    frame.replaceChildren(title, ...buttons)
    buttons[0]?.focus()
  })
}

async function request(provider: Provider, method: string, params?: unknown[]): Promise<unknown> {
  try {
    return await provider.request({ method, ...(params && { params }) })
  } catch (cause) {
    const code = (cause as { code?: unknown }).code
    if (code === 4001) throw new EarnestError('wallet_refused', 'Declined', { cause })
    throw new EarnestError('wallet_failed', `The wallet failed at ${method}`, { cause })
  }
}

/** Typed data as wallets take it: JSON with its domain's type, numbers as text. */
function wire(typedData: object): string {
  const { domain, types, primaryType, message } = typedData as TypedDataDefinition & {
    message: Record<string, unknown>
  }
  const whole = { EIP712Domain: getTypesForEIP712Domain({ domain }), ...types }
  return JSON.stringify({ domain, types: whole, primaryType, message }, (_, value) =>
    typeof value === 'bigint' ? value.toString() : value,
  )
}
