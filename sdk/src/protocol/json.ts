import * as z from 'zod'
import { canonicalText } from './canonical.ts'

/** What JSON can carry. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | JsonValue[]
  | { [name: string]: JsonValue }

/** Any JSON value that has a canonical form; kept as it is, never rebuilt, so that no member gets lost before it is hashed. */
export const json = z.custom<JsonValue>(isJson, 'want JSON, at most 64 deep')

/** A JSON object that has a canonical form. */
export const jsonObject = z.custom<{ [name: string]: JsonValue }>(
  (value) => isJson(value) && typeof value === 'object' && value !== null && !Array.isArray(value),
  'want a JSON object, at most 64 deep',
)

function isJson(value: unknown): boolean {
  try {
    canonicalText(value)
    return true
  } catch {
    return false
  }
}
