import { isEarnestError } from '../protocol/error.ts'
import { formatUtc } from '../protocol/time.ts'
import type { Alert } from './alert.ts'
import { type DeskContext, engineOf } from './context.ts'
import { letter } from './letter.ts'
import { tell, tellAll } from './post.ts'
import { commandsFor, describe } from './wording.ts'

/** Shorter windows, in seconds, are over before a reminder is read. */
const SHORTEST = 120

/**
 * Reminds of every alert whose window waits for the owner, at half of it and at nine tenths, once each;
 * what was missed meanwhile is said once, as the later of the two. The last call goes to every verified
 * account (W-26). An alert whose trade has moved on is closed instead.
 */
export async function remind(context: DeskContext): Promise<void> {
  for (const alert of await context.alerts.open()) {
    const part = duePart(alert, context.clock.now())
    if (part <= alert.reminded || !alert.isTold) continue
    try {
      await remindOf(context, alert, part)
    } catch (error) {
      // What cannot be read now is due at the next look, and costs no other alert its reminder.
      if (!isEarnestError(error)) throw error
    }
  }
}

async function remindOf(context: DeskContext, alert: Alert, part: 1 | 2 | 0): Promise<void> {
  const { alerts } = context
  const { trade, window } = alert
  const engine = trade ? await engineOf(context, trade) : undefined
  if (!trade || !engine || !window) return
  const standing = await engine.standing(trade)
  if (standing.window?.until !== window.until) {
    return await alerts.write({ ...alert, isOpen: false })
  }
  const taskId = await engine.taskOf(trade)
  const it = letter(
    part === 2 ? 'Last call' : 'Still waits for an answer',
    [`The window ends at ${formatUtc(window.until)}.`, ...describe(trade, standing)],
    { alertId: alert.id, commands: commandsFor(standing, taskId !== undefined) },
  )
  const key = `remind/${alert.id}-${part}`
  if (part === 2) await tellAll(context, { key, letter: it })
  else await tell(context, { key, letter: it })
  await alerts.write({ ...alert, reminded: part })
}

function duePart({ window }: Alert, now: number): 0 | 1 | 2 {
  if (window === null || window.until - window.from < SHORTEST) return 0
  const passed = (now - window.from) / (window.until - window.from)
  if (passed >= 0.9) return 2
  return passed >= 0.5 ? 1 : 0
}
