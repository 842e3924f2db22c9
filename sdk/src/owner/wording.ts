import { formatUsdc } from '../protocol/money.ts'
import { formatUtc } from '../protocol/time.ts'
import type { AlertDraft } from './alert.ts'
import type { Standing, TradeRef } from './engine.ts'
import type { Finding } from './history.ts'
import { letter } from './letter.ts'
import { quote } from './quote.ts'

const states: Partial<Record<Standing['state'], string>> = {
  None: 'agreed, not funded',
  Funded: 'funded, the work is under way',
  Delivered: 'delivered, the buyer looks at it',
  Disputed: 'disputed, the seller has to answer',
  Negotiating: 'disputed, the two sides negotiate',
  Arbitration: 'before the arbiter',
  Completed: 'ended, the seller was paid',
  Refunded: 'ended, the buyer was paid back',
  Resolved: 'ended, the money was divided',
  Amended: 'replaced by amended terms',
}

/** "12.5 USDC". */
export const usdcOf = (amount: bigint) => `${formatUsdc(amount)} USDC`

/** One trade in one paragraph: where it stands, and what comes of itself. */
export function describe(trade: TradeRef, standing: Standing): string[] {
  const { amountUsdc, capability, state, proposedBps, counterparty } = standing
  const other = trade.side === 'seller' ? 'buyer' : 'seller'
  return [
    `${usdcOf(amountUsdc)} for ${capability}: ${states[state] ?? state}.`,
    ...(proposedBps === null
      ? []
      : [`The arbiter proposed ${proposedBps / 100} % for the seller.`]),
    ...unlessAnswered(standing),
    `Escrow ${trade.escrowId}, ${other} ${counterparty}`,
  ]
}

function unlessAnswered({ window, otherwise }: Standing): string[] {
  if (window === null || otherwise === null) return []
  return [`If nobody does anything, ${otherwise} at ${formatUtc(window.until)}.`]
}

/** Commands that may be answered to an alert about a trade. */
export function commandsFor({ verbs }: Standing, canSay: boolean): string[] {
  const words = { refund: 'refund', defend: 'defend <why>', cancel: 'cancel' }
  return [...verbs.map((verb) => words[verb]), ...(canSay ? ['say <text>'] : []), 'status']
}

/** The alert of a dispute. */
export function disputeAlert({
  trade,
  standing,
  complaint,
  taskId,
}: {
  trade: TradeRef
  standing: Standing
  complaint: string | undefined
  taskId: string | undefined
}): AlertDraft {
  const { state, amountUsdc, window } = standing
  const title = state === 'Arbitration' ? 'A dispute is before the arbiter' : 'A trade is disputed'
  const awaited = trade.side === 'seller' ? ['Disputed', 'Negotiating'] : ['Negotiating']
  const isAwaited = awaited.includes(state)
  return {
    key: `dispute/${trade.side}/${trade.escrowId}/${standing.seq}`,
    reason: 'dispute',
    trade,
    taskId: taskId ?? null,
    window: isAwaited ? window : null,
    letter: letter(`${title}: ${usdcOf(amountUsdc)}`, describe(trade, standing), {
      quote: complaint === undefined ? null : { by: 'The buyer wrote', text: quote(complaint) },
      commands: commandsFor(standing, taskId !== undefined),
    }),
  }
}

/** The alert of something that the history shows. */
export function findingAlert({
  finding,
  trade,
  standing,
  taskId,
  detail,
}: {
  finding: Finding
  trade: TradeRef | null
  standing: Standing | undefined
  taskId: string | undefined
  detail: string | undefined
}): AlertDraft {
  const [title, why] = wordsOf(finding, standing)
  const lines = [
    why,
    ...(detail ? [`Last code: ${quote(detail, 64)}.`] : []),
    ...(trade && standing ? describe(trade, standing) : []),
  ]
  const commands = standing ? commandsFor(standing, taskId !== undefined) : ['status']
  const about = { trade, taskId: taskId ?? null, window: null }
  const { key, reason } = finding
  return { key, reason, ...about, letter: letter(title, lines, { commands }) }
}

function wordsOf(finding: Finding, standing: Standing | undefined): [string, string] {
  switch (finding.reason) {
    case 'unusual_amount': {
      const amount = standing ? `: ${usdcOf(standing.amountUsdc)}` : ''
      const usual = `The usual amount is ${usdcOf(finding.medianUsdc)}. The work goes on unless you stop it.`
      return [`An unusually large trade${amount}`, usual]
    }
    case 'repeated_failures':
      return finding.within
        ? [
            `A step has failed ${finding.count} times`,
            'The agent goes on trying until the deadline.',
          ]
        : [
            `${finding.count} trades failed in a row`,
            'The agent goes on taking orders unless you stop it.',
          ]
    case 'refund_rate':
      return [
        'Many refunds',
        `${finding.refunds} of the last ${finding.ends} trades were paid back. Nothing happens by itself.`,
      ]
  }
}

/** The alert of a request that is not in the catalogue, or of something that fits nowhere. */
export function requestAlert({
  key,
  reason,
  asked,
  by,
  taskId,
  muted,
}: {
  key: string
  reason: 'out_of_catalogue' | 'unclassified'
  asked: string
  by: string | undefined
  taskId: string | null
  muted: number
}): AlertDraft {
  const title =
    reason === 'out_of_catalogue'
      ? 'A request that is not in the catalogue'
      : 'Something that the agent cannot classify'
  const lines = [
    'Nothing more happens by itself.',
    `From: ${by ?? 'a caller who did not say who it is'}.`,
    ...(muted > 0 ? [`${muted} more of this kind were not shown.`] : []),
  ]
  return {
    key,
    reason,
    trade: null,
    taskId,
    window: null,
    letter: letter(title, lines, {
      quote: { by: 'They wrote', text: quote(asked) },
      commands: [...(taskId === null ? [] : ['say <text>']), 'status'],
    }),
  }
}
