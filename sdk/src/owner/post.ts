import { type Account, accountKey } from './account.ts'
import type { Alert } from './alert.ts'
import type { DeskContext } from './context.ts'
import type { Letter } from './letter.ts'

/** The accounts that an alert goes to: all of the first channel, in the owner's order, that has one. */
async function addressees({ channels, accounts }: DeskContext): Promise<Account[]> {
  const all = await accounts.list()
  for (const name of channels.keys()) {
    const here = all.filter(({ channel }) => channel === name)
    if (here.length > 0) return here
  }
  return []
}

/** Writes a letter to the owner's preferred channel. False where no account is linked yet. */
export async function tell(
  context: DeskContext,
  { key, letter }: { key: string; letter: Letter },
): Promise<boolean> {
  const to = await addressees(context)
  for (const { channel, account } of to) {
    const mailKey = `${key}/${accountKey(channel, account)}`
    await context.outbox.put({ key: mailKey, letter, channel, account })
  }
  return to.length > 0
}

/** Writes a letter to every verified account. */
export async function tellAll(
  context: DeskContext,
  { key, letter, except }: { key: string; letter: Letter; except?: Pick<Account, 'account'> },
): Promise<void> {
  for (const { channel, account } of await context.accounts.list()) {
    if (account === except?.account || !context.channels.has(channel)) continue
    const mailKey = `${key}/${accountKey(channel, account)}`
    await context.outbox.put({ key: mailKey, letter, channel, account })
  }
}

/** Tells an alert that has not been told; one that no account could be told waits for the first. */
export async function tellAlert(context: DeskContext, alert: Alert): Promise<void> {
  if (alert.isTold) return
  const isTold = await tell(context, { key: `alert/${alert.id}`, letter: alert.letter })
  if (isTold) await context.alerts.write({ ...alert, isTold })
}

/** Sends a letter that one channel cannot bring over the next one that has an account. */
export async function tellElsewhere(
  context: DeskContext,
  { key, letter, channel }: { key: string; letter: Letter; channel: string },
): Promise<void> {
  const names = [...context.channels.keys()]
  const rest = names.slice(names.indexOf(channel) + 1)
  const all = await context.accounts.list()
  const next = rest.find((name) => all.some((each) => each.channel === name))
  for (const each of all.filter((each) => each.channel === next)) {
    const mailKey = `${key.split('/').slice(0, 2).join('/')}/${accountKey(each.channel, each.account)}`
    await context.outbox.put({ key: mailKey, letter, channel: each.channel, account: each.account })
  }
}
