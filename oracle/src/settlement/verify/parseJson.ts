/** Deeper documents are refused: nobody reads them, and every later walk stays within the stack. */
const MAX_DEPTH = 200

/**
 * A JSON value, or undefined for text that is none, that nests deeper than 200, or that names a member
 * twice: two readers of such a document may see two different deliveries.
 */
export function parseJson(text: string): { value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isPlain(text) ? { value } : undefined
  } catch {
    return undefined
  }
}

// The text is known to be JSON, so following its strings, braces and colons is enough.
function isPlain(text: string): boolean {
  const names: (Set<string> | null)[] = []
  let lastString = ''
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (char === '"') {
      const end = endOfString(text, at)
      lastString = text.slice(at, end)
      at = end - 1
    } else if (char === '{' || char === '[') {
      if (names.length === MAX_DEPTH) return false
      names.push(char === '{' ? new Set() : null)
    } else if (char === '}' || char === ']') {
      names.pop()
    } else if (char === ':') {
      const name = String(JSON.parse(lastString))
      const seen = names.at(-1)
      if (seen?.has(name)) return false
      seen?.add(name)
    }
  }
  return true
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}
