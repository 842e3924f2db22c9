import type { RouteName, routes, SignedRequest } from '@earnest/sdk/protocol'
import type * as z from 'zod'

type OutputOf<T> = T extends z.ZodType ? z.output<T> : undefined

/** What a call gets: the decoded parts of the request, and the DID that signed it (empty where nobody did). */
export type CallInput<N extends RouteName> = {
  params: (typeof routes)[N] extends { params: infer P } ? OutputOf<P> : undefined
  query: (typeof routes)[N] extends { query: infer Q } ? OutputOf<Q> : undefined
  body: (typeof routes)[N] extends { body: infer B } ? OutputOf<B> : undefined
  by: string
  /** What proves it to others. */
  proof?: SignedRequest
}

/** Routes whose answer is a stream of bytes or events; they are mounted by hand. */
export type StreamRoute = 'putArtifact' | 'getArtifact' | 'listEvents'

/** One function for each route with a JSON answer. */
export type Calls = {
  [N in Exclude<RouteName, StreamRoute>]: (
    input: CallInput<N>,
  ) => Promise<OutputOf<(typeof routes)[N]['response']>>
}
