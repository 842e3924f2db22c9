import type * as z from 'zod'

/** Where every route begins. */
export const API_BASE = '/api/v1'

/** One route of the oracle: its server builds validation and OpenAPI from it, its client the calls. */
export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Under `API_BASE`; parameters as `:name`. */
  path: string
  /** The four earnest headers are demanded (see request.ts). */
  signed: boolean
  params?: z.ZodObject
  query?: z.ZodObject
  /** A JSON body, or "bytes" for a raw stream. */
  body?: z.ZodType | 'bytes'
  /** Status of success. */
  status: 200 | 201 | 202
  /** A JSON answer, "bytes" for a file, "events" for server-sent events. */
  response: z.ZodType | 'bytes' | 'events'
}
