/** Characters of a stranger's words that a person is shown. */
const LIMIT = 280

/**
 * What a stranger wrote, fit to be shown inside a message of ours: one line, no control, invisible or
 * direction-changing characters, no link that can be tapped, at most `limit` characters. It can
 * neither end the quotation nor look like a line of ours.
 */
export function quote(text: string, limit = LIMIT): string {
  const flat = text
    // A megabyte is not worth a regular expression.
    .slice(0, limit * 20)
    .replace(/[\r\n\u2028\u2029]+/g, ' / ')
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, '')
    .replace(/(\p{M}{2})\p{M}+/gu, '$1')
    .replace(/\s+/g, ' ')
    .trim()
  const characters = [...flat]
  const cut = characters.slice(0, limit).join('')
  const defanged = cut.replaceAll('://', '[:]//').replace(/(?<=[\w-])\.(?=[a-z]{2})/gi, '[.]')
  return characters.length > limit ? `${defanged}…` : defanged
}
