import { createAnthropic } from '@ai-sdk/anthropic'
import { createGoogle } from '@ai-sdk/google'
import { createMistral } from '@ai-sdk/mistral'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { EarnestError } from '@earnest/sdk/protocol'
import type { LanguageModel } from 'ai'
import { addressOf, type Juror } from './roster.ts'

/** No verdict is longer; a provider that sends more is broken or hostile. */
const MAX_ANSWER_BYTES = 262_144

/** The AI SDK's model for a seat, with answers of bounded size. Throws `juror_without_key`. */
export function modelOf(juror: Juror): LanguageModel {
  const { wire, provider, model, apiKey, structured } = juror
  if (!apiKey) throw new EarnestError('juror_without_key', `${provider} has no key`)
  const settings = { apiKey, baseURL: addressOf(juror), fetch: boundedFetch }
  switch (wire) {
    case 'openai':
      return createOpenAI(settings)(model)
    case 'anthropic':
      return createAnthropic(settings)(model)
    case 'google':
      return createGoogle(settings)(model)
    case 'mistral':
      return createMistral(settings)(model)
    case 'openai-compatible': {
      const supportsStructuredOutputs = structured
      return createOpenAICompatible({ ...settings, name: provider, supportsStructuredOutputs })(
        model,
      )
    }
  }
}

async function boundedFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  // A redirect would carry the key to wherever the answer points.
  const response = await fetch(input, { ...init, redirect: 'error' })
  let size = 0
  const limit = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      size += chunk.byteLength
      if (size > MAX_ANSWER_BYTES)
        controller.error(new EarnestError('answer_too_large', 'The provider sent too much'))
      else controller.enqueue(chunk)
    },
  })
  return new Response(response.body?.pipeThrough(limit), {
    status: response.status,
    statusText: response.statusText,
    headers: response.headers,
  })
}
