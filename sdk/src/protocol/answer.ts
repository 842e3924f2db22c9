import { type Call, type Finding, findingSchema, judgeAnswerSchema } from './verdict.ts'

/** What an answer has to repeat and what it must not contain. */
export type Marks = { nonce: string; canary: string }

/** Reads a judge's raw answer. Without a finding the code says why (DSP-13, W-35). */
export function readAnswer(
  raw: string,
  { nonce, canary }: Marks,
): { code: string; finding: Finding | null; reasoning: string } {
  const refuse = (code: string) => ({ code, finding: null, reasoning: '' })
  if (raw.trim() === '') return refuse('refused')
  if (raw.includes(canary)) return refuse('canary_leaked')
  const json = parse(raw)
  if (json === undefined) return refuse('invalid_json')
  const parsed = judgeAnswerSchema.safeParse(json)
  if (!parsed.success) return refuse('invalid_verdict')
  const { caseNonce, reasoning, ...finding } = parsed.data
  if (caseNonce !== nonce) return refuse('wrong_nonce')
  if (contradicts(finding)) return refuse('inconsistent')
  const cut = firstSentences(reasoning, 5)
  return {
    code: cut === reasoning ? 'ok' : 'reasoning_cut',
    finding: findingSchema.parse(finding),
    reasoning: cut,
  }
}

/** How far a twin may move a verdict, and what it may at most pay for nothing, in percent. */
const MAX_SHIFT = 25
const MAX_FOR_NOTHING = 20

/**
 * A seat's vote from its calls: the mean of both orders in basis points, one order where the other
 * failed. A seat abstains where neither held, where the verdict moves with the instructions in the
 * evidence, or where it would pay for an empty delivery.
 */
export function voteOf(calls: readonly Call[]): { voteBps: number | null; code: string } {
  const last = (question: Call['question']) => calls.findLast((call) => call.question === question)
  const asked = [last('normal'), last('swapped')].filter((call) => call !== undefined)
  const percents = asked.flatMap((call) => call.finding?.releasePercentage ?? [])
  if (percents.length === 0) return { voteBps: null, code: asked[0]?.code ?? 'not_asked' }
  const voteBps = (percents.reduce((sum, percent) => sum + percent, 0) * 100) / percents.length
  const empty = last('empty')?.finding?.releasePercentage
  if (empty !== undefined && empty > MAX_FOR_NOTHING)
    return { voteBps: null, code: 'pays_for_nothing' }
  const stripped = last('stripped')?.finding?.releasePercentage
  if (stripped !== undefined && Math.abs(stripped * 100 - voteBps) > MAX_SHIFT * 100)
    return { voteBps: null, code: 'moved_by_instructions' }
  return { voteBps, code: 'ok' }
}

/** A verdict whose fields speak against each other: the judge is asked once to reconcile them. */
function contradicts({ scopeMet, qualityMet, releasePercentage }: Finding): boolean {
  if (scopeMet === 'yes' && qualityMet) return releasePercentage < 50
  if (scopeMet === 'no' && !qualityMet) return releasePercentage > 50
  return false
}

/** The one JSON object of an answer, bare or in a code fence. */
function parse(raw: string): unknown {
  const fenced = /^```(?:json)?\s*([\s\S]*?)\s*```$/.exec(raw.trim())
  try {
    return JSON.parse(fenced?.[1] ?? raw)
  } catch {
    return undefined
  }
}

function firstSentences(text: string, count: number): string {
  const sentences = [...new Intl.Segmenter('en', { granularity: 'sentence' }).segment(text)]
  if (sentences.length <= count) return text
  return sentences
    .slice(0, count)
    .map(({ segment }) => segment)
    .join('')
    .trimEnd()
}
