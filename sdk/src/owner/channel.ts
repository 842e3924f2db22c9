import type { Letter } from './letter.ts'

/** A message that came in over a channel, from whomever. */
export interface Incoming {
  /** The account as the channel itself vouches for it: a number or address, never a display name. */
  account: string
  /** The same for every delivery of one message, and of no other. */
  messageId: string
  text: string
  /** Unix seconds, by the channel. */
  sentAt: number
  /** Id of our message that it answers; null: none. */
  replyTo: string | null
  /** The alert that it is about, where the channel itself knows it (a signed link). */
  alertId?: number
  /** Why it can be no command, such as `forwarded`; null: the account wrote it, here and now. */
  refusal: string | null
}

/** A letter on its way. */
export interface Delivery {
  /** The same for every try: the key by which a receiver may tell a second copy. */
  key: string
  account: string
  letter: Letter
  /** Id of the message that it answers. */
  replyTo: string | null
  /** Unix seconds of the last message from this account; null: never. */
  heardAt: number | null
  /** Unix seconds. */
  now: number
  /** `link`: it asks the account to prove itself. */
  kind: Token['kind']
  /** Opens the pages of a channel that is answered by link; one for each letter. */
  token: string
}

/** What a token of ours says; it is signed, and nothing in it is secret. */
export interface Token {
  /** `link`: verifies the account; `answer`: answers the alert. */
  kind: 'link' | 'answer'
  id: string
  account: string
  alertId: number | null
  /** Unix seconds. */
  expires: number
}

/** A token that is good, and whether it was used; `now` in unix seconds. */
export type OpenToken = Token & { isUsed: boolean; now: number }

/** The desk as a channel sees it. */
export interface Reception {
  /** Deals with a message, durably: what has returned need not be delivered again. The answer is sent by the desk. */
  receive(incoming: Incoming): Promise<Letter | null>
  /** Reads a token of this channel, of an account that is linked or to be. Throws `invalid_token`, `token_expired`. */
  readToken(token: string): Promise<OpenToken>
  /** What a page shows before anything is done; changes nothing. */
  show(token: Token): Promise<Letter>
  /** Uses a token up. Throws `token_used`. */
  useToken(token: Token): Promise<void>
  /** Verifies the account of a `link` token. */
  verify(token: Token): Promise<void>
}

/**
 * A way to an owner. `send` throws `channel_rejected` where a second try is pointless, and
 * `channel_unavailable` (retryable; `retryAfter` in seconds in the details where the other side named it).
 */
export interface Channel {
  readonly name: string
  /** True: accounts are verified by a link that is sent to them, not by a code that they send. */
  readonly isAnsweredByLink: boolean
  send(delivery: Delivery): Promise<{ messageId: string | null }>
  open(reception: Reception): Promise<void>
  close(): Promise<void>
}
