/** The ways in which input is hostile. */
export type Attack =
  | 'malformed'
  | 'oversized'
  | 'unknown field'
  | 'wrong key'
  | 'replayed'
  | 'stale'
  | 'clock skew'
  | 'reordered'
  | 'wrong chain'
  | 'down'
  | 'slow'
  | 'lying'

/** One hostile input and the one answer it gets; the tests run it, docs/errors.md prints it. */
export interface Case<World> {
  /** The route that gets it. */
  on: string
  attack: Attack
  /** What is sent, in words. */
  what: string
  /** Status and stable code. */
  answer: string
  /** Does it and reads the answer. */
  act: (world: World) => Promise<string>
}

/** Status and stable code of a refusal, or the status alone where nothing was refused. */
export async function answerOf(response: Response | Promise<Response>): Promise<string> {
  const answered = await response
  if (answered.headers.get('content-type') !== 'application/problem+json') {
    return String(answered.status)
  }
  const { code } = (await answered.json()) as { code: string }
  return `${answered.status} ${code}`
}
