import { canonicalText, type Verifier } from '@earnest/sdk/protocol'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Document } from './document.ts'
import { type Finding, failed, met, undecided } from './finding.ts'
import type { Sandbox, Session } from './sandbox.ts'
import { isBounded } from './schemaSize.ts'

/** The file meets the JSON Schema of the pact; the report names the places that do not (SET-07). */
export function examineSchema(
  { file, schema }: Extract<Verifier, { type: 'schema' }>,
  document: Document,
  sandbox: Sandbox,
): Finding {
  const json = document.json()
  if (json === undefined) return failed('not_json', [file])
  return validate(schema, json.value, sandbox)
}

/** Checks a value against a schema: `schema_violated` names the places, `schema_unusable` decides nothing. */
export function validate(
  schema: Readonly<Record<string, unknown>>,
  value: unknown,
  sandbox: Sandbox,
): Finding {
  using patterns = sandbox.open(PATTERN_SCRIPT)
  const check = compile(schema, patterns)
  if (check === undefined) return undecided('schema_unusable')
  try {
    if (check(value)) return met()
  } catch {
    return undecided('schema_exhausted')
  }
  const places = (check.errors ?? []).map(({ instancePath, keyword, params }) => {
    const member: unknown = params.missingProperty ?? params.additionalProperty
    return `${instancePath}${typeof member === 'string' ? `/${member}` : ''} (${keyword})`
  })
  return failed('schema_violated', [...new Set(places)])
}

/** The compiled schema; undefined where it is no draft 2020-12 schema or refers to another document. */
function compile(
  schema: Readonly<Record<string, unknown>>,
  patterns: Session,
): ValidateFunction | undefined {
  if (!isBounded(schema)) return undefined
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    validateFormats: false,
    code: { regExp: regExpIn(patterns) },
  })
  // Its own compares every pair; this one looks each item up.
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', validate: isUnique })
  try {
    return ajv.compile({ ...schema })
  } catch {
    return undefined
  }
}

function isUnique(wanted: unknown, items: readonly unknown[]): boolean {
  return wanted !== true || new Set(items.map(canonicalText)).size === items.length
}

// A pattern can take for ever on a text made for it, so it runs where steps are counted.
const PATTERN_SCRIPT = `
  function compiles(pattern, flags) { new RegExp(pattern, flags); return true }
  function test(pattern, flags, text) { return new RegExp(pattern, flags).test(text) }
`

function regExpIn(patterns: Session) {
  const ask = (name: string, ...args: string[]): boolean => {
    const result = patterns.call(name, args)
    if (result.outcome !== 'returned') throw new Error(`pattern ${result.outcome}`)
    return result.value === true
  }
  const engine = (pattern: string, flags: string) => {
    ask('compiles', pattern, flags)
    return {
      test: (text: string) => ask('test', pattern, flags, text),
      // ajv tells patterns apart by their text.
      toString: () => `/${pattern}/${flags}`,
    }
  }
  return Object.assign(engine, { code: 'sandboxed' })
}
