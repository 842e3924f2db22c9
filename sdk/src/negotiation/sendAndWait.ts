import { EarnestError, isEarnestError } from '../protocol/error.ts'
import type { ResponseMessage } from '../protocol/message.ts'
import type { Channel, Reply, SendOptions } from './channel.ts'

/** How to wait for an answer (SET-14). */
export interface WaitOptions extends Pick<SendOptions, 'taskId' | 'contextId' | 'text'> {
  /** Milliseconds; default five minutes. */
  timeoutMs?: number
  /** Milliseconds between two looks; default five seconds. */
  pollIntervalMs?: number
}

/** An answer, or where the task stands when the wait ran out. */
export type Waited =
  | { status: 'answered'; response: ResponseMessage; reply: Reply }
  | { status: 'pending'; reply: Reply }

/**
 * Sends a message of the extension and looks at its task until the agent has answered. A wait that runs
 * out is `pending` and changes nothing: no task is cancelled and no escrow is touched, the work goes on and
 * can be waited for again with the task's id (W-21). Throws as `Channel.send`, and `task_ended` where the
 * task ended without an answer.
 */
export async function sendAndWait(
  channel: Channel,
  payload: object,
  { timeoutMs = 300_000, pollIntervalMs = 5_000, ...place }: WaitOptions = {},
): Promise<Waited> {
  let reply = await channel.send(payload, { ...place, returnImmediately: true })
  for (let waited = 0; ; waited += pollIntervalMs) {
    const { response } = reply
    if (response !== undefined && response.status !== 'working') {
      return { status: 'answered', response, reply }
    }
    if (reply.isTerminal) {
      throw new EarnestError('task_ended', 'The task ended without an answer of the extension')
    }
    if (waited >= timeoutMs) return { status: 'pending', reply }
    await new Promise((resolve) => setTimeout(resolve, Math.min(pollIntervalMs, timeoutMs)))
    reply = await channel.read(reply.taskId).catch((error) => {
      // That an agent is away for a moment says nothing of its work.
      if (!isEarnestError(error) || !error.retryable) throw error
      return reply
    })
  }
}
