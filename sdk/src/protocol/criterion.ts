import * as z from 'zod'
import { hash } from './hash.ts'
import { json, jsonObject } from './json.ts'

/** A MIME type without parameters, lower case. */
export const mime = z
  .string()
  .max(127)
  .regex(/^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/, 'want a MIME type')

/** The name of a delivered file: a relative path of plain segments, so that it can never leave a folder. */
export const fileName = z
  .string()
  .max(200)
  .regex(
    /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/,
    'want a plain relative path',
  )

/** A JSON Pointer (RFC 6901); the empty string is the whole document. */
export const pointer = z
  .string()
  .max(500)
  .regex(/^(\/([^~/]|~[01])*)*$/, 'want a JSON Pointer')

const formatVerifier = z.strictObject({
  type: z.literal('format'),
  mime,
  /** Absent: any delivered file of this MIME type. */
  file: fileName.exactOptional(),
  minBytes: z.int().min(1).exactOptional(),
  maxBytes: z.int().min(1).exactOptional(),
})

const schemaVerifier = z.strictObject({
  type: z.literal('schema'),
  file: fileName,
  /** JSON Schema, draft 2020-12, without remote references. */
  schema: jsonObject,
})

const pathVerifier = z.strictObject({
  type: z.literal('path'),
  file: fileName,
  /** Each must lead to a value that is not null, empty text, an empty list or an empty object. */
  paths: z.array(pointer).min(1).max(200),
})

const deadlineVerifier = z.strictObject({ type: z.literal('deadline') })

const heldOut = z.strictObject({
  kind: z.literal('heldOut'),
  /** SHA-256 of the deposited JSON list of true values. */
  sha256: hash,
  /** accuracy, macroF1: of labels; rmse, mae, mape, r2: of numbers. */
  measure: z.enum(['accuracy', 'macroF1', 'rmse', 'mae', 'mape', 'r2']),
})

const checker = z.strictObject({
  kind: z.literal('checker'),
  /**
   * SHA-256 of the deposited script that defines `check(value, input)`: a finite number, or one with the
   * names of what is wrong, as `{ value, missing }`.
   */
  sha256: hash,
})

const cases = z.strictObject({
  kind: z.literal('cases'),
  /** SHA-256 of the deposited JSON list of `{ args, expected }`. */
  sha256: hash,
  /** The function of the delivered script that is called; the value is the share of cases that it gets right. */
  call: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,63}$/, 'want a name'),
})

const metricVerifier = z.strictObject({
  type: z.literal('metric'),
  file: fileName,
  /** Where the predictions are, for held-out data; what the checker gets, for a checker; empty for cases. */
  pointer,
  source: z.discriminatedUnion('kind', [heldOut, checker, cases]),
  min: z.number().exactOptional(),
  max: z.number().exactOptional(),
})

/** Headers that frame a request or say where it goes: those are ours, never a stranger's. */
const FRAMING =
  /^(host|connection|content-length|expect|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/
const headerName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,63}$/)
  .refine((name) => !FRAMING.test(name), 'want a header that does not frame the request')
/** What every HTTP client can send (RFC 9110, section 5.5). */
const headerValue = z
  .string()
  .max(2000)
  .regex(/^[\x20-\x7e]*$/, 'want printable ASCII')

const httpRequest = z.strictObject({
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE']),
  /** Appended to the base: begins with a slash. */
  path: z.string().max(2000).startsWith('/'),
  headers: z.record(headerName, headerValue).exactOptional(),
  body: json.exactOptional(),
  expect: z.strictObject({
    status: z.int().min(100).max(599),
    contentType: mime.exactOptional(),
    /** JSON Schema that the response body meets. */
    schema: jsonObject.exactOptional(),
  }),
})

const httpVerifier = z.strictObject({
  type: z.literal('http'),
  /** A fixed https origin, or where in the delivery the seller names it. */
  base: z.union([
    z.strictObject({
      url: z
        .string()
        .max(500)
        .regex(/^https:\/\/[^\s/?#@\\]+$/, 'want an https origin')
        .refine((text) => URL.canParse(text), 'want an https origin'),
    }),
    z.strictObject({ file: fileName, pointer }),
  ]),
  requests: z.array(httpRequest).min(1).max(20),
})

const juryVerifier = z.strictObject({
  type: z.literal('jury'),
  /** What a judge is asked; the engine never decides it. */
  question: z.string().min(1).max(2000),
})

/** How a criterion is checked; a value that the seller reports about itself is none of them (W-9). */
export const verifierSchema = z.discriminatedUnion(
  'type',
  [
    formatVerifier,
    schemaVerifier,
    pathVerifier,
    deadlineVerifier,
    metricVerifier,
    httpVerifier,
    juryVerifier,
  ],
  { error: 'want type format, schema, path, deadline, metric, http or jury' },
)
export type Verifier = z.output<typeof verifierSchema>

/** One line of the acceptance list, frozen at signing (W-15). */
export const criterionSchema = z.strictObject({
  id: z.string().regex(/^[a-zA-Z][a-zA-Z0-9_-]{0,63}$/, 'want a short identifier'),
  description: z.string().min(1).max(2000),
  /** Share of the work relative to the other criteria; whole numbers keep the percentage derivable (W-46). */
  weight: z.int().min(1).max(10_000),
  verifier: verifierSchema,
})
export type Criterion = z.output<typeof criterionSchema>

/** Hashes of the checkers and held-out data that the buyer deposits at registration. */
export function depositsOf(criteria: readonly Criterion[]): string[] {
  const hashes = criteria.flatMap(({ verifier }) =>
    verifier.type === 'metric' ? [verifier.source.sha256] : [],
  )
  return [...new Set(hashes)].sort()
}

/** True for a criterion that says something about the content and that code can decide. */
export function isMachineChecked({ verifier }: Criterion): boolean {
  return verifier.type !== 'jury' && verifier.type !== 'deadline'
}
