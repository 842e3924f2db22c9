import {
  agentRecordSchema,
  commitToKey,
  EarnestError,
  encode,
  hashKeyEntry,
  type KeyEntryBody,
  keyEntryBodySchema,
  keyEntrySchema,
  keyEntryTypedData,
  offerRoutes,
  publicKeyOf,
  registrationSchema,
  type WalletBindingBody,
  walletBindingBodySchema,
  walletBindingTypedData,
} from '@earnest/sdk/protocol'
import { money } from './amount.ts'
import { read, readAs, readOracle, write } from './api.ts'
import {
  type DeviceKey,
  listKeys,
  makeKey,
  type Person,
  personOf,
  saveKey,
  takeKey,
} from './key.ts'
import { now } from './now.ts'
import { readCode, writeCode } from './recovery.ts'
import { byId, fieldOf, onSubmit, say } from './say.ts'
import { connect, type Wallet } from './wallet.ts'

/** A person's own page: signing up, coming back on another device, and what was offered. */
export async function customer(): Promise<void> {
  onSubmit('sign-up', signUp)
  onSubmit('recover', recover)
  const keys = await listKeys()
  byId('strangers').hidden = keys.length > 0
  byId('known').hidden = keys.length === 0
  for (const key of keys) await showTrades(key)
}

/** Makes the key of this device, has the wallet vouch for it, and registers both. */
export async function signUp(form: HTMLFormElement): Promise<void> {
  const { chainId } = await readOracle()
  say('Your wallet asks whether this page may see its address.')
  const wallet = await connect({ chainId })
  const { did, privateKey } = await makeKey()
  const seed = crypto.getRandomValues(new Uint8Array(32))
  await showCode(did, writeCode(seed))
  const person = personOf({ did, privateKey })
  const entry = {
    did,
    seq: 0,
    key: did,
    nextKeyHash: commitToKey(publicKeyOf(seed)),
    wallet: wallet.address,
    chainId,
    at: now(),
    previous: null,
  } as KeyEntryBody
  say(
    'Your wallet asks twice: once to vouch for the key on this device, once for the key on paper.',
  )
  const keyEntry = await signEntry(entry, { person, wallet })
  const binding = await bind({ person, wallet, chainId })
  const name = fieldOf(form, 'name')
  const registration = encode(
    registrationSchema,
    {
      did: did as KeyEntryBody['did'],
      name,
      description: 'A person who buys here with a browser.',
      endpoint: `${location.origin}/agents/${did}`,
      capabilities: [],
      inputFormats: [],
      outputFormats: [],
      binding,
      keyLog: [keyEntry],
    },
    'invalid_registration',
  )
  // Kept before it is registered: a key that the oracle knows and nobody has would be lost.
  await saveKey({ did, wallet: wallet.address, privateKey })
  await write(person, '/agents', { body: registration, answer: agentRecordSchema })
  location.reload()
}

/** Nothing is signed before the code was written down. */
function showCode(did: string, code: string): Promise<void> {
  byId('customer-number').textContent = did
  byId('recovery-code').textContent = code
  const frame = byId('paper')
  frame.hidden = false
  frame.scrollIntoView({ block: 'nearest' })
  say('Write the recovery code down, then go on.')
  const done = byId<HTMLButtonElement>('written-down')
  done.disabled = false
  done.focus()
  return new Promise((resolve) => {
    done.addEventListener('click', () => resolve(), { once: true })
  })
}

/** The key on paper becomes the key of this device, and a new one goes on paper. */
async function recover(form: HTMLFormElement): Promise<void> {
  const did = fieldOf(form, 'did')
  const seed = readCode(fieldOf(form, 'code'))
  const agent = await read(`/agents/${encodeURIComponent(did)}`, agentRecordSchema)
  const last = agent.keyLog?.at(-1)?.body
  const { key, privateKey } = await takeKey(seed)
  if (!last || last.nextKeyHash !== commitToKey(publicKeyOf(seed))) {
    throw new EarnestError('recovery_not_for_agent', 'The log commits to another key')
  }
  say('Your wallet asks whether this page may see its address.')
  const wallet = await connect({ chainId: last.chainId, want: last.wallet })
  const next = crypto.getRandomValues(new Uint8Array(32))
  await showCode(did, writeCode(next))
  say('Your wallet asks you to vouch for the key on this device.')
  const person = personOf({ did, privateKey })
  const entry: KeyEntryBody = {
    ...last,
    seq: last.seq + 1,
    key: key as KeyEntryBody['key'],
    nextKeyHash: commitToKey(publicKeyOf(next)),
    at: Math.max(now(), last.at + 1),
    previous: hashKeyEntry(last),
  }
  const signed = await signEntry(entry, { person, wallet })
  await saveKey({ did, wallet: wallet.address, privateKey })
  // The new key does not speak for the customer before this entry stands, so it speaks for itself.
  const itself = personOf({ did: key, privateKey })
  await write(itself, `/agents/${encodeURIComponent(did)}/keys`, {
    body: encode(keyEntrySchema, signed, 'invalid_key_log'),
    answer: agentRecordSchema,
  })
  location.reload()
}

async function signEntry(
  body: KeyEntryBody,
  { person, wallet }: { person: Person; wallet: Wallet },
) {
  const wire = encode(keyEntryBodySchema, body, 'invalid_key_log')
  return {
    body,
    signature: await person.sign({ type: 'key-entry', body: wire }),
    walletSignature: await wallet.sign(keyEntryTypedData(body)),
  }
}

async function bind({
  person,
  wallet,
  chainId,
}: {
  person: Person
  wallet: Wallet
  chainId: number
}) {
  const body = {
    did: person.did,
    wallet: wallet.address,
    chainId,
    issuedAt: now(),
    nonce: crypto.randomUUID(),
  } as WalletBindingBody
  const wire = encode(walletBindingBodySchema, body, 'invalid_wallet_binding')
  return {
    body,
    signature: await person.sign({ type: 'wallet-binding', body: wire }),
    walletSignature: await wallet.sign(walletBindingTypedData(body)),
  }
}

async function showTrades(key: DeviceKey): Promise<void> {
  byId('own-number').textContent = key.did
  const { offers } = await readAs(personOf(key), '/offers', offerRoutes.listOffers.response)
  byId('no-offers').hidden = offers.length > 0
  byId('offers').append(
    ...offers.map(({ pactHash, terms, status }) => {
      const item = document.createElement('li')
      const link = document.createElement('a')
      link.href = `/offers/${pactHash}`
      link.textContent = terms.capability.replaceAll('_', ' ')
      const about = document.createElement('div')
      about.className = 'soft'
      about.textContent = `${STATUS[status]} · ${money(terms.paymentUsdc)} USDC`
      item.append(link, about)
      return item
    }),
  )
}

const STATUS = {
  open: 'Waits for you',
  taken: 'Taken',
  accepted: 'Accepted',
  expired: 'Ran out',
  withdrawn: 'Taken back',
}
