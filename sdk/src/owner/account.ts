import * as z from 'zod'
import type { Clock } from '../protocol/clock.ts'
import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import type { Store } from '../protocol/store.ts'

const accountSchema = z.strictObject({
  channel: z.string(),
  account: z.string(),
  /** Unix seconds. */
  linkedAt: z.int(),
  heardAt: z.int().nullable(),
  /** When wrong codes came, the last hour's. */
  wrongAt: z.array(z.int()),
})
/** An account that has proven to be the owner's. */
export type Account = z.infer<typeof accountSchema>

const linkSchema = z.strictObject({ channel: z.string(), expires: z.int() })

/** Seconds for which a link code is good. */
const LINK_LIFETIME = 600
/** Sixty bits: no guessing within ten minutes, so that nothing is kept about strangers who try. */
const CODE_LENGTH = 12
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const HOUR = 3600
/** Wrong confirmation codes in an hour, after which an account orders nothing about money. */
const MAX_WRONG = 6

/** The verified accounts of one desk. */
export type Accounts = ReturnType<typeof createAccounts>

/** Keeps the verified accounts. */
export function createAccounts({ store, clock }: { store: Store; clock: Clock }) {
  async function find(channel: string, account: string): Promise<Account | undefined> {
    const known = accountSchema.safeParse(await store.get(keyOf(channel, account)))
    // The key is a hash; the record itself says whose it is.
    const isIt = known.success && known.data.channel === channel && known.data.account === account
    return isIt ? known.data : undefined
  }

  /** Changes an account as it stands, also where another process counts at the same time. */
  async function change(
    { channel, account }: Pick<Account, 'channel' | 'account'>,
    by: (known: Account) => Partial<Account>,
  ): Promise<void> {
    for (;;) {
      const known = await find(channel, account)
      if (known === undefined) return
      if (await store.swap(keyOf(channel, account), known, { ...known, ...by(known) })) return
    }
  }

  return {
    find,
    async list(): Promise<Account[]> {
      const accounts: Account[] = []
      for (const key of await store.keys('owner/account/')) {
        const known = accountSchema.safeParse(await store.get(key))
        if (known.success) accounts.push(known.data)
      }
      return accounts.sort((a, b) => a.linkedAt - b.linkedAt)
    },
    /** A code that links whoever sends it first over this channel. */
    async invite(channel: string): Promise<string> {
      const bytes = crypto.getRandomValues(new Uint8Array(CODE_LENGTH))
      const code = [...bytes].map((byte) => LETTERS[byte % LETTERS.length]).join('')
      await store.set(linkKey(code), { channel, expires: clock.now() + LINK_LIFETIME })
      return (code.match(/.{4}/g) ?? []).join('-')
    },
    /** True where the code was good; it is used up. */
    async redeem(code: string, { channel, account }: Pick<Account, 'channel' | 'account'>) {
      const key = linkKey(code)
      const known = linkSchema.safeParse(await store.get(key))
      if (!known.success || known.data.channel !== channel) return false
      if (!(await store.swap(key, known.data, undefined))) return false
      if (clock.now() >= known.data.expires) return false
      await verify(channel, account, clock.now())
      return true
    },
    verify,
    async unlink(channel: string, account: string): Promise<void> {
      if ((await find(channel, account)) === undefined) {
        throw new EarnestError('unknown_account', 'No such account is linked')
      }
      await store.delete(keyOf(channel, account))
    },
    /** Notes that it wrote to us. */
    async heard({ channel, account }: Account): Promise<void> {
      await change({ channel, account }, () => ({ heardAt: clock.now() }))
    },
    /** Notes a wrong confirmation code. */
    async wrong({ channel, account }: Account): Promise<void> {
      await change({ channel, account }, ({ wrongAt }) => ({
        wrongAt: [...recent(wrongAt), clock.now()],
      }))
    },
    /** True where too many codes were wrong within the hour. */
    async isLocked({ channel, account }: Account): Promise<boolean> {
      return recent((await find(channel, account))?.wrongAt ?? []).length >= MAX_WRONG
    },
    /** Forgets link codes that nobody used. */
    async prune(): Promise<void> {
      for (const key of await store.keys('owner/link/')) {
        const known = linkSchema.safeParse(await store.get(key))
        if (!known.success || clock.now() >= known.data.expires) await store.delete(key)
      }
    },
  }

  function recent(times: readonly number[]): number[] {
    return times.filter((at) => at > clock.now() - HOUR)
  }

  async function verify(
    channel: string,
    account: string,
    heardAt: number | null = null,
  ): Promise<void> {
    const linked = { channel, account, linkedAt: clock.now(), heardAt, wrongAt: [] }
    await store.swap(keyOf(channel, account), undefined, linked)
  }
}

/** One account as a part of a key: an address may be longer than a file's name. */
export function accountKey(channel: string, account: string): string {
  return hashBytes(new TextEncoder().encode(`${channel}\0${account}`)).slice(0, 32)
}

function keyOf(channel: string, account: string): string {
  return `owner/account/${accountKey(channel, account)}`
}

function linkKey(code: string): string {
  const plain = code.toUpperCase().replaceAll('-', '')
  return `owner/link/${hashBytes(new TextEncoder().encode(plain))}`
}
