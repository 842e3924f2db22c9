import {
  type Call,
  EarnestError,
  hashBytes,
  judgeAnswerSchema,
  type Marks,
  type Question,
  readAnswer,
} from '@earnest/sdk/protocol'
import { APICallError, generateText, type LanguageModel, NoObjectGeneratedError, Output } from 'ai'
import * as z from 'zod'
import { type Prompt, promptText, retryPrompt } from './prompt.ts'

/** One answer as it came. */
type Answer = { raw: string; code: string }

/** What a judge's answer may cost at most. */
export const MAX_OUTPUT_TOKENS = 1200

/** What an endpoint that takes a schema has to fill in: there every member is asked for. */
const ASKED = judgeAnswerSchema.extend({ harm: z.boolean() })

/** Who is asked, how long to wait, and whether the endpoint takes a JSON schema. */
export type Asked = { model: LanguageModel; structured: boolean; timeoutMs: number }

/**
 * Puts one question to one judge, in a context of its own and without tools. What does not hold is
 * asked once more (W-35). Returns the calls and the texts that they name by hash.
 */
export async function ask(
  asked: Asked,
  question: Question,
  prompt: Prompt,
  marks: Marks,
): Promise<{ calls: Call[]; texts: Record<string, string> }> {
  const calls: Call[] = []
  const texts: Record<string, string> = {}
  let current = prompt
  for (let attempt = 0; attempt < 2; attempt++) {
    const { raw, code } = await send(asked, current)
    const read = code === 'answered' ? readAnswer(raw, marks) : { code, finding: null }
    const text = promptText(current)
    calls.push({
      question,
      promptHash: sha256(text),
      answerHash: sha256(raw),
      code: read.code,
      finding: read.finding,
    })
    texts[sha256(text)] = text
    texts[sha256(raw)] = raw
    if (read.finding) break
    current = retryPrompt(prompt, read.code)
  }
  return { calls, texts }
}

async function send({ model, structured, timeoutMs }: Asked, prompt: Prompt): Promise<Answer> {
  try {
    const { text, finishReason } = await generateText({
      model,
      instructions: prompt.system,
      prompt: prompt.user,
      maxOutputTokens: MAX_OUTPUT_TOKENS,
      // The retry is ours: it says what was wrong.
      maxRetries: 0,
      abortSignal: AbortSignal.timeout(timeoutMs),
      ...(structured ? { output: Output.object({ schema: ASKED, name: 'verdict' }) } : {}),
    })
    return finishReason === 'content-filter' ? { raw: '', code: 'refused' } : answered(text)
  } catch (error) {
    if (NoObjectGeneratedError.isInstance(error))
      return error.finishReason === 'content-filter'
        ? { raw: '', code: 'refused' }
        : answered(error.text ?? '')
    return { raw: '', code: codeOf(error) }
  }
}

const answered = (raw: string): Answer =>
  raw.trim() === '' ? { raw: '', code: 'refused' } : { raw: raw.toWellFormed(), code: 'answered' }

/** Why no answer came. A provider's own words stay out of the record: they may carry a key. */
function codeOf(error: unknown): string {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause.name === 'TimeoutError' || cause.name === 'AbortError') return 'timeout'
    if (cause instanceof EarnestError) return 'provider_error'
    if (APICallError.isInstance(cause) && cause.statusCode !== undefined) return 'provider_error'
  }
  return APICallError.isInstance(error) ? 'unreachable' : 'provider_error'
}

const sha256 = (text: string) => hashBytes(new TextEncoder().encode(text))
