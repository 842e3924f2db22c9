import { readFileSync } from 'node:fs'
import { EarnestError } from '../protocol/error.ts'
import type { Tool } from '../tools/index.ts'

type Property = { type?: string | string[] }

/**
 * What a tool takes, out of `--kebab-case value` flags by its own schema: text as it is, everything else as
 * JSON; `--json` and `--json-file` give the whole or a part. A tool that wants a key and was given none
 * gets a new one, which is said, so that the same call can be repeated. Throws `invalid_input`.
 */
export function inputOf(
  { inputSchema }: Pick<Tool, 'inputSchema'>,
  args: readonly string[],
  say: (line: string) => void,
): Record<string, unknown> {
  const properties = (inputSchema.properties ?? {}) as Record<string, Property>
  let input: Record<string, unknown> = {}
  for (const { name, value } of flagsOf(args)) {
    if (name === 'json') input = { ...input, ...objectOf(value) }
    else if (name === 'json_file') input = { ...input, ...objectOf(readText(value)) }
    else input[name] = readFlag(properties[name], name, value)
  }
  if (properties.key && input.key === undefined) {
    input.key = crypto.randomUUID()
    say(`key: ${input.key} (repeat with --key to ask for the same thing again)`)
  }
  return input
}

/** Flags in their order. Throws `invalid_input`. */
export function flagsOf(args: readonly string[]): { name: string; value: string }[] {
  const flags: { name: string; value: string }[] = []
  for (let index = 0; index < args.length; index += 2) {
    const [flag = '', value] = args.slice(index, index + 2)
    if (!flag.startsWith('--') || value === undefined) {
      throw new EarnestError('invalid_input', `Want --name value, got ${flag}`)
    }
    flags.push({ name: flag.slice(2).replaceAll('-', '_'), value })
  }
  return flags
}

function readFlag(property: Property | undefined, name: string, value: string): unknown {
  if (property === undefined) throw new EarnestError('invalid_input', `No such flag: ${name}`)
  if (property.type === 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    // What the schema leaves open may be plain words.
    if (property.type === undefined) return value
    throw new EarnestError('invalid_input', `${name}: want JSON`)
  }
}

/** Text as a JSON object. Throws `invalid_input`. */
export function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>
    }
  } catch {
    // Said below.
  }
  throw new EarnestError('invalid_input', 'Want a JSON object')
}

/** A file as text. Throws `invalid_input`. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new EarnestError('invalid_input', `Cannot read ${path}`, { cause })
  }
}
