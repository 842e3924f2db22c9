import type { Alert } from './alert.ts'
import { type DeskContext, engineOf } from './context.ts'
import type { Standing, TradeRef } from './engine.ts'
import type { Heard } from './heard.ts'
import { type Letter, letter } from './letter.ts'
import { MAX_TRIES, type Order } from './order.ts'
import { refusalOf } from './refusal.ts'
import { isSame } from './secret.ts'
import { describe, usdcOf } from './wording.ts'

/** The trade that an order is about, as it stood when it was ordered. */
interface Subject {
  alert: Alert
  trade: TradeRef
  standing: Standing
}

const LOCKED = letter('Too many wrong codes', [
  'This account orders nothing about money for an hour. Nothing was done.',
])

function orderOf(
  { clock, confirmSeconds }: DeskContext,
  { id, account }: Heard,
  { alert, trade, standing }: Subject,
): Omit<Order, 'verb' | 'text'> {
  return {
    id,
    trade,
    alertId: alert.id,
    channel: account.channel,
    account: account.account,
    seq: String(standing.seq),
    state: standing.state,
    amount: usdcOf(standing.amountUsdc),
    expires: clock.now() + confirmSeconds,
    tries: 0,
    stage: 'asked',
    confirmedAt: null,
    result: null,
  }
}

/** Takes an order about money and asks for its code; nothing moves before that (TOL-19). */
export async function orderMoney(
  context: DeskContext,
  heard: Heard,
  subject: Subject,
  asked: 'refund' | 'cancel',
): Promise<Letter> {
  const { orders, audit, accounts, secret, confirmSeconds } = context
  const { trade, standing, alert } = subject
  // What is funded is cancelled by paying it back.
  const verb = asked === 'cancel' && standing.verbs.includes('cancel') ? 'cancel' : 'refund'
  if (!standing.verbs.includes(verb)) {
    return letter(`Not possible: ${asked}`, ['Nothing was done.', ...describe(trade, standing)])
  }
  if (await accounts.isLocked(heard.account)) return LOCKED
  const running = await orders.runningFor(trade)
  if (running !== undefined) {
    return letter('Under way already', [`Ordered by ${running.channel}. Nothing more was done.`])
  }
  const order: Order = { ...orderOf(context, heard, subject), verb, text: null }
  await orders.ask(order)
  await audit.note('asked', { order: order.id, verb, escrowId: trade.escrowId, seq: order.seq })
  const code = secret.codeOf(order.id)
  const consequence =
    verb === 'refund'
      ? `This pays ${order.amount} back to the buyer. It cannot be undone.`
      : 'This ends the trade before it is funded; of a buyer, before the next milestone is.'
  return letter(
    `Confirm: ${verb} of #${alert.id}`,
    [
      consequence,
      ...describe(trade, standing),
      `To do it, answer: confirm ${code}`,
      `The code is good for ${Math.floor(confirmSeconds / 60)} minutes, once, from this account, and while the trade stands as it does now.`,
    ],
    { alertId: alert.id, isSecret: true },
  )
}

/** Takes a defence: it moves no money, so it is carried out at once. */
export async function orderDefence(
  context: DeskContext,
  heard: Heard,
  subject: Subject,
  text: string,
): Promise<Letter> {
  const { orders, audit } = context
  const { trade, standing } = subject
  if (!standing.verbs.includes('defend')) {
    return letter('Not possible: defend', ['Nothing was done.', ...describe(trade, standing)])
  }
  if ((await orders.runningFor(trade)) !== undefined) {
    return letter('Under way already', ['An order about this trade is being carried out.'])
  }
  const known = await orders.read(heard.id)
  if (known === undefined) {
    const order: Order = { ...orderOf(context, heard, subject), verb: 'defend', text }
    await audit.note('asked', { order: order.id, verb: 'defend', escrowId: trade.escrowId })
    await orders.confirm(order)
  }
  return letter('The defence is on its way', ['You are told when it is on record.'])
}

/** Holds a code against the order that waits for it, and has it carried out. */
export async function confirmOrder(
  context: DeskContext,
  { account }: Heard,
  code: string,
): Promise<Letter> {
  const { orders, accounts, audit, clock, secret } = context
  const waiting = await orders.waitingFor(account)
  if (waiting === undefined) {
    return letter('Nothing waits for a code', [
      'A code that was taken before counts, and you are told when it is done. Otherwise order something first.',
    ])
  }
  if (await accounts.isLocked(account)) return LOCKED
  const { id, verb, trade, alertId } = waiting
  // Its link was used up by the order: what is to be ordered again comes with another one.
  const again = { alertId, commands: [verb, 'status'] }
  if (clock.now() >= waiting.expires) {
    await orders.drop(waiting, 'expired')
    return letter('The code has expired', [`Order ${verb} again if you still mean it.`], again)
  }
  const order = await orders.count(waiting)
  if (!isSame(code, secret.codeOf(id))) {
    await accounts.wrong(account)
    await audit.note('wrong_code', { order: id, tries: order.tries })
    const left = MAX_TRIES - order.tries
    if (left <= 0) await orders.drop(order, 'wrong_code')
    const rest = left > 0 ? `${left} more tries.` : 'The order is void; give it again.'
    return letter('Wrong code', [`Nothing was done. ${rest}`], left > 0 ? {} : again)
  }
  if ((await orders.runningFor(trade)) !== undefined) {
    await orders.drop(order, 'under_way')
    return letter('Under way already', ['Another order about this trade is being carried out.'])
  }
  try {
    const standing = await (await engineOf(context, trade))?.standing(trade)
    const hasChanged = trade.side === 'seller' && String(standing?.seq) !== order.seq
    if (standing === undefined || hasChanged) {
      await orders.drop(order, 'state_changed')
      await audit.note('state_changed', { order: id, escrowId: trade.escrowId })
      const lines = standing ? describe(trade, standing) : []
      return letter(
        'The trade has moved on',
        ['It does not stand any more as you were shown. Nothing was done.', ...lines],
        { alertId, commands: ['status'] },
      )
    }
  } catch (error) {
    // The code was right: what cannot be reached costs no try.
    await orders.giveBack(order)
    return refusalOf(error)
  }
  await orders.confirm(order)
  await audit.note('confirmed', { order: id, verb, escrowId: trade.escrowId })
  return letter('Confirmed', [`The ${verb} is on its way; you are told when it is done.`])
}
