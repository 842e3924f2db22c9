import { underLease } from '../lease.ts'
import { hashBytes } from '../protocol/hash.ts'
import type { Account } from './account.ts'
import type { Alert } from './alert.ts'
import type { Incoming } from './channel.ts'
import { type Command, readCommand } from './command.ts'
import { type DeskContext, engineOf } from './context.ts'
import type { Heard } from './heard.ts'
import { type Letter, letter } from './letter.ts'
import { confirmOrder, orderDefence, orderMoney } from './ordering.ts'
import { tellAlert, tellAll } from './post.ts'
import { refusalOf } from './refusal.ts'
import { commandsFor, describe } from './wording.ts'

/** Seconds for which a message is a command; what comes later is asked for again. */
const FRESH = 900
/** Seconds that another clock may be ahead. */
const SKEW = 300
/** Characters that are read of a message. */
const READ = 8000

const GRAMMAR =
  'Commands: refund | defend <why> | cancel | say <text> | status | confirm <code>. ' +
  'Put #7 before a command to name alert 7.'

/**
 * Deals with one message: strangers get silence, copies get nothing twice, and of a verified account's
 * words only the grammar's are commands. Gives the answer, which is in the outbox already.
 */
export async function receive(
  context: DeskContext,
  channel: string,
  incoming: Incoming,
): Promise<Letter | null> {
  const { store, clock, accounts } = context
  const { account: name, messageId } = incoming
  const id = hashBytes(new TextEncoder().encode(`${channel}\0${name}\0${messageId}`))
  const account = await accounts.find(channel, name)
  if (account === undefined) return await meet(context, channel, incoming)
  const isSeen = async () => (await store.get(`owner/seen/${id}`)) !== undefined
  if (await isSeen()) return null
  // Delivered to two processes at once it is dealt with by one; the other's channel brings it again.
  return await underLease({ store, clock }, `owner/lease/${id}`, async () =>
    (await isSeen()) ? null : await deal(context, { id, incoming, account }),
  )
}

async function deal(context: DeskContext, heard: Heard): Promise<Letter> {
  const { store, clock, accounts, audit, outbox } = context
  const { id, account, incoming } = heard
  const { channel, account: name } = account
  const { messageId } = incoming
  const answer = await answerTo(context, heard)
  await accounts.heard(account)
  await audit.note('heard', { message: id, channel, answer: answer.title })
  await outbox.put({
    key: `reply/${id}`,
    letter: answer,
    channel,
    account: name,
    replyTo: messageId,
  })
  // Last of all: a message whose answer is not on its way yet was not dealt with.
  await store.set(`owner/seen/${id}`, clock.now())
  return answer
}

/** A stranger is answered only if it has the code. */
async function meet(
  context: DeskContext,
  channel: string,
  { account, text, refusal, messageId }: Incoming,
): Promise<Letter | null> {
  const { command } = readCommand(text.slice(0, 100))
  if (refusal !== null || command?.verb !== 'link') return null
  if (!(await context.accounts.redeem(command.code, { channel, account }))) return null
  const welcome = await welcomeTo(context, { channel, account })
  const key = `welcome/${hashBytes(new TextEncoder().encode(`${channel}\0${account}\0${messageId}`))}`
  await context.outbox.put({ key, letter: welcome, channel, account, replyTo: messageId })
  return welcome
}

/** What follows a verification: the log, a word to the others, the alerts that nobody could be told. */
export async function welcomeTo(
  context: DeskContext,
  { channel, account }: Pick<Account, 'channel' | 'account'>,
): Promise<Letter> {
  const { audit, alerts, clock } = context
  await audit.note('linked', { channel })
  const news = letter(`A ${channel} account was linked`, [
    'It may order now what this account may. If that was not you, unlink it at once.',
  ])
  await tellAll(context, {
    key: `linked/${channel}/${clock.now()}`,
    letter: news,
    except: { account },
  })
  for (const alert of await alerts.open()) await tellAlert(context, alert)
  return letter('This account is linked', [
    'It gets the alerts of your agents and may answer them. Routine work is never reported.',
    GRAMMAR,
  ])
}

async function answerTo(context: DeskContext, heard: Heard): Promise<Letter> {
  const { incoming } = heard
  if (incoming.refusal !== null) {
    return letter(`Not taken: ${incoming.refusal}`, [
      'Only what you write yourself, here and now, is a command. Nothing was done.',
    ])
  }
  const { command, alertId, isNear } = readCommand(incoming.text.slice(0, READ))
  if (command === null) return await takeNote(context, heard, { alertId, isNear })
  if (command.verb === 'help') return letter('What can be ordered', [GRAMMAR])
  if (command.verb === 'link') return letter('This account is linked already', [GRAMMAR])
  const now = context.clock.now()
  if (now > incoming.sentAt + FRESH || incoming.sentAt > now + SKEW) {
    return letter('That came too late', [
      'The message is older than a quarter of an hour. Nothing was done; send it again if you still mean it.',
    ])
  }
  if (command.verb === 'confirm') return await confirmOrder(context, heard, command.code)
  return await onTrade(context, heard, { command, alertId })
}

/** Finds the one trade that a message is about; where there could be two it asks back (TOL-18). */
async function subjectOf(
  context: DeskContext,
  { incoming, account }: Heard,
  named: number | null,
): Promise<Alert | Letter> {
  const { alerts, outbox } = context
  const { replyTo } = incoming
  const answered =
    incoming.alertId ??
    (replyTo === null ? undefined : await outbox.alertOf(account.channel, account.account, replyTo))
  if (named !== null && answered !== undefined && named !== answered) {
    return letter('Which one?', [
      `You answered the message of #${answered} and named #${named}. Nothing was done.`,
    ])
  }
  const id = answered ?? named ?? undefined
  if (id !== undefined) {
    return (await alerts.read(id)) ?? letter(`There is no #${id}`, ['Nothing was done.'])
  }
  const open = await alerts.open()
  const subjects = new Map(open.map((each) => [each.trade?.escrowId ?? `#${each.id}`, each]))
  const [only] = subjects.values()
  if (only === undefined) {
    return letter('Nothing is open', ['Answer an older alert to act on its trade.'])
  }
  if (subjects.size === 1) return only
  return letter('Which one?', [
    'More than one is open. Answer its message, or put its number first, such as #7 refund.',
    ...[...subjects.values()].slice(-10).map(({ id, letter: { title } }) => `#${id} ${title}`),
  ])
}

async function onTrade(
  context: DeskContext,
  heard: Heard,
  {
    command,
    alertId,
  }: { command: Exclude<Command, { verb: 'help' | 'link' | 'confirm' }>; alertId: number | null },
): Promise<Letter> {
  const alert = await subjectOf(context, heard, alertId)
  if ('lines' in alert) return alert
  if (command.verb === 'say') return await say(context, heard, alert, command.text)
  const { trade } = alert
  if (!trade) return letter(`#${alert.id} is about no trade`, ['Nothing was done.'])
  const engine = await engineOf(context, trade)
  if (!engine) return letter(`The trade of #${alert.id} is gone`, ['Nothing was done.'])
  try {
    const standing = await engine.standing(trade)
    const about = { alert, trade, standing }
    if (command.verb === 'status') {
      const taskId = await engine.taskOf(trade)
      return letter('How it stands', describe(trade, standing), {
        alertId: alert.id,
        commands: commandsFor(standing, taskId !== undefined),
      })
    }
    if (command.verb === 'defend') return await orderDefence(context, heard, about, command.text)
    return await orderMoney(context, heard, about, command.verb)
  } catch (error) {
    return refusalOf(error, alert)
  }
}

async function say(
  { notes, clock }: DeskContext,
  { id }: Heard,
  { taskId, trade, id: alertId }: Alert,
  text: string,
): Promise<Letter> {
  if (taskId === null) {
    return letter(`#${alertId} has no conversation`, ['There is nobody to say it to.'])
  }
  const escrowId = trade?.escrowId ?? null
  const note = { at: clock.now(), escrowId, kind: 'say', text } as const
  await notes.add(id, note)
  await notes.say(id, taskId, note)
  return letter('It will be said', [
    'The agent says it to the other side with its next message there, in your words.',
  ])
}

async function takeNote(
  context: DeskContext,
  heard: Heard,
  { alertId, isNear }: { alertId: number | null; isNear: boolean },
): Promise<Letter> {
  const { incoming, id } = heard
  const text = incoming.text.trim()
  if (text === '') return letter('Only text is read', [GRAMMAR])
  const subject = await subjectOf(context, heard, alertId)
  const escrowId = 'lines' in subject ? null : (subject.trade?.escrowId ?? null)
  await context.notes.add(id, { at: context.clock.now(), escrowId, kind: 'note', text })
  const lines = ['The agent reads it as a note. It is no command: no money moves by it.']
  return letter('Noted', isNear ? [...lines, GRAMMAR] : lines)
}
