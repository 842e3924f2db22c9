import type { Message } from '@a2a-js/sdk'
import { canonicalText } from './protocol/canonical.ts'
import { PACT_EXTENSION } from './protocol/message.ts'

const FAMILY = PACT_EXTENSION.replace(/v\d+$/, '')

/**
 * The extension's data of a message: under its URI, and in data parts with a `taskType` (W-19). Said twice
 * it must be the same, or one reader would act on what another never saw; under another version of the
 * extension it is refused and not taken for talk. Undefined: only talk.
 */
export function readPayload(
  message: Message,
): { payload: unknown } | { refusal: [code: string, reason: string] } | undefined {
  const metadata = message.metadata ?? {}
  const other = Object.keys(metadata).find(
    (uri) => uri.startsWith(FAMILY) && uri !== PACT_EXTENSION,
  )
  if (other !== undefined) {
    return { refusal: ['unsupported_version', `We speak ${PACT_EXTENSION}`] }
  }
  const said: unknown[] = []
  const declared = metadata[PACT_EXTENSION]
  if (declared !== undefined) said.push(declared)
  for (const { content } of message.parts) {
    const data = content?.$case === 'data' ? content.value : undefined
    if (typeof data === 'object' && data !== null && 'taskType' in data) said.push(data)
  }
  const [payload] = said
  if (payload === undefined) return undefined
  if (new Set(said.map(wordOf)).size > 1) {
    return { refusal: ['ambiguous_message', 'The message says two different things'] }
  }
  return { payload }
}

/** What has no canonical form (a lone surrogate, a depth beyond 64) is refused as it is read. */
function wordOf(data: unknown): string {
  try {
    return canonicalText(data)
  } catch {
    return JSON.stringify(data)
  }
}
