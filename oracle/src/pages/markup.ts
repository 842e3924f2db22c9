import { html as tag } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

/** Markup in which everything that was put in is escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

/**
 * A template whose values are escaped, in text and in quoted attributes: names, pact texts and
 * evidence are data wherever they stand. Markup of our own passes as it is.
 */
export const html: (strings: TemplateStringsArray, ...values: Value[]) => Html = tag

type Value = string | number | Html | undefined | readonly Value[]

/** Markup of what is there; nothing for what is not. */
export function when<T>(
  value: T,
  draw: (value: Exclude<T, null | undefined | false | 0 | ''>) => Html,
): Html | undefined {
  return value ? draw(value as Exclude<T, null | undefined | false | 0 | ''>) : undefined
}
