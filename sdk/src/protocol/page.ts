import * as z from 'zod'

/** Where a list goes on, as the answer before has it. */
export const cursor = z.string().max(200)

/** The part of a list that is asked for; its beginning without a cursor. */
export const pageQuery = z.strictObject({
  /** Rows of the answer. */
  limit: z.coerce.number().int().min(1).max(100).optional(),
  cursor: cursor.optional(),
})
