/** What a subscriber answered, and whether that is a delivery. */
export type Answer = {
  delivered: boolean
  /** HTTP status, `no_answer`, or the mail server's words; never what the receiver wrote. */
  answer: string
  /** The receiver wants nothing more (410). */
  gone?: boolean
}
