/** Deeper documents are refused: nobody reads them, and every later walk stays within the stack. */
const MAX_DEPTH = 200
/** Values of one document; more take more memory than a thread has, whatever their text is. */
const MAX_VALUES = 1_000_000

/** What a text is: a value and how many values it is made of, or why it is none. */
export type Parsed = { value: unknown; values: number } | 'not_json' | 'too_many_values'

/**
 * A JSON value, or undefined for text that is none, that nests deeper than 200, that has more than a
 * million values, or that names a member twice: two readers of such a document may see two different
 * deliveries.
 */
export function parseJson(text: string): { value: unknown } | undefined {
  const parsed = readJson(text)
  return typeof parsed === 'string' ? undefined : parsed
}

/** As `parseJson`, with the reason. */
export function readJson(text: string): Parsed {
  // Counted before anything is built: memory is bounded by a number, not by what the machine bears.
  const values = countValues(text)
  if (values > MAX_VALUES) return 'too_many_values'
  try {
    const value: unknown = JSON.parse(text)
    return isPlain(text) ? { value, values } : 'not_json'
  } catch {
    return 'not_json'
  }
}

/** Every value but the first follows a comma, a colon or an opening bracket. */
function countValues(text: string): number {
  let count = 1
  let isText = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (isText && char === BACKSLASH) at++
    else if (char === QUOTE) isText = !isText
    else if (!isText && (char === COMMA || char === BRACKET || char === BRACE)) count++
  }
  return count
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
const BRACKET = 0x5b
const BRACE = 0x7b

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
