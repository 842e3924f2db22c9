import * as z from 'zod'

/** A message to an owner before a channel gives it a form: our words, and at most one quotation. */
export const letterSchema = z.strictObject({
  /** The number by which an answer may name it; null: nothing to answer. */
  alertId: z.int().nullable(),
  title: z.string(),
  /** Paragraphs of ours. */
  lines: z.array(z.string()),
  /** Words of somebody else, already made harmless. */
  quote: z.strictObject({ by: z.string(), text: z.string() }).nullable(),
  /** Commands that an answer may be. */
  commands: z.array(z.string()),
  /** True: holds a confirmation code, so it goes to the account itself and onto no page. */
  isSecret: z.boolean(),
})
export type Letter = z.infer<typeof letterSchema>

/** A letter of a title and paragraphs. */
export function letter(title: string, lines: string[], rest: Partial<Letter> = {}): Letter {
  return { alertId: null, title, lines, quote: null, commands: [], isSecret: false, ...rest }
}

/** The heading with the number that an answer may name. */
export function headingOf({ alertId, title }: Letter): string {
  return alertId === null ? title : `#${alertId} ${title}`
}

/** A letter as plain text; `mark` stands before every line of a quotation. */
export function plainText(it: Letter, mark = '> '): string {
  const { lines, quote, commands } = it
  return [
    headingOf(it),
    ...lines,
    ...(quote ? [`${quote.by}:\n${mark}${quote.text}`] : []),
    ...(commands.length > 0 ? [`Answer with: ${commands.join(' | ')}`] : []),
  ].join('\n\n')
}
