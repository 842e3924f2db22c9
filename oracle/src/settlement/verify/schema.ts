import { canonicalText, type Verifier } from '@earnest/sdk/protocol'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { type Document, jsonOf } from './document.ts'
import { type Finding, failed, met, undecided } from './finding.ts'
import type { Sandbox, Session } from './sandbox.ts'
import { sizeOf } from './schemaSize.ts'

/** The file meets the JSON Schema of the pact; the report names the places that do not (SET-07). */
export function examineSchema(
  { schema }: Extract<Verifier, { type: 'schema' }>,
  document: Document,
  sandbox: Sandbox,
): Finding {
  const json = jsonOf(document)
  if ('outcome' in json) return json
  return validate(schema, { ...json, length: document.text()?.length ?? 0 }, sandbox)
}

/** Values of a document times values of a schema: about five seconds' work. */
const MAX_WORK = 100_000_000
/** Work up to which every fault is named, and not the first alone: each may be an object in memory. */
const MAX_WORK_IN_FULL = 1_000_000
/** Characters that cost as much as one value. */
const CHARACTERS_OF_A_VALUE = 64

/** Checks a value against a schema: `schema_violated` names the places, `schema_unusable` decides nothing. */
export function validate(
  schema: Readonly<Record<string, unknown>>,
  { value, values, length }: { value: unknown; values: number; length: number },
  sandbox: Sandbox,
): Finding {
  const size = sizeOf(schema)
  if (size === undefined) return undecided('schema_unusable')
  const work = size * (values + length / CHARACTERS_OF_A_VALUE)
  if (work > MAX_WORK) return undecided('schema_exhausted')
  using patterns = sandbox.open(PATTERN_SCRIPT)
  const check = compile(schema, { patterns, allErrors: work <= MAX_WORK_IN_FULL })
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

/** Holds schemas against draft 2020-12, which it compiles once: that takes far longer than most schemas do. */
const draft = new Ajv2020({ strict: false, validateFormats: false })

/** The compiled schema; undefined where it is no draft 2020-12 schema that answers at once. */
function compile(
  schema: Readonly<Record<string, unknown>>,
  { patterns, allErrors }: { patterns: Session; allErrors: boolean },
): ValidateFunction | undefined {
  // Each schema has an instance of its own, so that none can name a part of another.
  const ajv = new Ajv2020({
    allErrors,
    meta: false,
    validateSchema: false,
    strict: false,
    validateFormats: false,
    code: { regExp: regExpIn(patterns) },
  })
  // Its own compares every pair; this one looks each item up.
  ajv.removeKeyword('uniqueItems')
  ajv.addKeyword({ keyword: 'uniqueItems', type: 'array', validate: isUnique })
  try {
    // An asynchronous one answers by a promise, which is never false.
    if (schema.$async || !draft.validateSchema({ ...schema })) return undefined
    return ajv.compile({ ...schema })
  } catch {
    return undefined
  }
}

function isUnique(wanted: unknown, items: readonly unknown[]): boolean {
  return wanted !== true || new Set(items.map(canonicalText)).size === items.length
}

// A pattern can take for ever on a text made for it, so it runs where work is counted.
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
