/** What an owner may say to the engine; nothing else is an instruction. */
export type Command =
  | { verb: 'refund' }
  | { verb: 'cancel' }
  | { verb: 'status' }
  | { verb: 'help' }
  | { verb: 'defend'; text: string }
  | { verb: 'say'; text: string }
  | { verb: 'confirm'; code: string }
  | { verb: 'link'; code: string }

/** A message as the engine reads it. */
export interface Reading {
  /** The number of the alert that the message names; null: none. */
  alertId: number | null
  /** Null: no command, words for the agent. */
  command: Command | null
  /** True where it is no command and speaks of one, so that its writer may think that it was. */
  isNear: boolean
}

/** Without the `u` flag: no other letter than the ASCII one matches, whatever it looks like. */
const phrases: readonly [RegExp, (text: string) => Command][] = [
  [/^(?:refund|(?:approve|agree(?: to)?)(?: the| a)? refund)$/i, () => ({ verb: 'refund' })],
  [/^cancel$/i, () => ({ verb: 'cancel' })],
  [/^status$/i, () => ({ verb: 'status' })],
  [/^(?:help|start)$/i, () => ({ verb: 'help' })],
  [/^confirm ([0-9]{6})$/i, (code) => ({ verb: 'confirm', code })],
  [/^(?:link|start) ([a-z0-9-]{8,32})$/i, (code) => ({ verb: 'link', code })],
]
const texts: readonly [RegExp, 'defend' | 'say'][] = [
  [/^defend(?:: ?| )(.+)$/is, 'defend'],
  [/^(?:say|tell them)(?:: ?| )(.+)$/is, 'say'],
]

/**
 * Reads a whole message as one command of the grammar (docs/owner.md), optionally led by `#7`, the
 * number of an alert. Plain code: no wording, spelling or look-alike letter makes more of it.
 */
export function readCommand(message: string): Reading {
  const [, number, body = ''] = /^(?:#([0-9]{1,9})\s+)?(.*)$/s.exec(message.trim()) ?? []
  const alertId = number === undefined ? null : Number(number)
  const text = body.replace(/^\//, '').trim()
  for (const [pattern, verb] of texts) {
    const said = pattern.exec(text)?.[1]?.trim()
    if (said) return { alertId, command: { verb, text: said }, isNear: false }
  }
  // A phone ends a sentence by itself.
  const phrase = text.replace(/[.!]$/, '').replace(/ {2,}/g, ' ')
  for (const [pattern, commandOf] of phrases) {
    const match = pattern.exec(phrase)
    if (match) return { alertId, command: commandOf(match[1] ?? ''), isNear: false }
  }
  const isNear = /refund|cancel|confirm|defend|pay|release|transfer|send|approve/i.test(text)
  return { alertId, command: null, isNear }
}
