import { hash, hashBody } from '@earnest/sdk/protocol'
import * as z from 'zod'

/** One recorded HTTP answer; `body` is base64, null where no answer came. */
const exchangeSchema = z.strictObject({
  method: z.string(),
  url: z.string(),
  status: z.int().min(100).max(599).nullable(),
  contentType: z.string().nullable(),
  body: z.base64().nullable(),
  bodySha256: hash.nullable(),
})
export type Exchange = z.infer<typeof exchangeSchema>

/** The answers of one HTTP criterion, in order: with them the report is recomputed without a network. */
export const transcriptSchema = z.array(exchangeSchema).max(20)
export type Transcript = z.infer<typeof transcriptSchema>

/** The hash by which a report names a transcript. */
export function hashTranscript(transcript: Transcript): string {
  return hashBody(transcript)
}
