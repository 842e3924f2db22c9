import { Ajv2020 } from 'ajv/dist/2020.js'
import { type Criterion, isMachineChecked } from '../protocol/criterion.ts'
import { criteriaOf, milestoneOf, type Pact } from '../protocol/pact.ts'
import type { ReceivedFile } from './file.ts'
import { valueAt } from './pointer.ts'

/** What one check found; `unchecked` where only the oracle, a checker or people can say. */
export interface Check {
  /** Id of the criterion; `format:<mime>` and `deadline` for what every pact demands. */
  id: string
  weight: number
  outcome: 'pass' | 'fail' | 'unchecked'
  /** Stable reason; `met` where nothing is wrong. */
  code: string
  /** What is missing or wrong, by name. */
  missing: string[]
}

/** All checks of one delivery. */
export interface CheckResult {
  checks: Check[]
  /** True where no check failed. */
  isMet: boolean
  /** Weight that passed over weight that was decided, 0 to 1; 1 where nothing was decided. */
  score: number
}

/**
 * Recomputes every criterion that files alone decide: formats, JSON Schema, paths, the deadline. Nothing
 * that the seller says about itself counts (W-9).
 * @param deliveredAt Unix seconds by the chain or the own clock.
 */
export function checkDelivery(options: {
  pact: Pact
  milestone?: number
  files: readonly ReceivedFile[]
  deliveredAt: number
}): CheckResult {
  const { pact, milestone = 0, files, deliveredAt } = options
  const { deliverableFormat, deadlineUtc } = milestoneOf(pact, milestone)
  const checks: Check[] = deliverableFormat.map((mime) =>
    checkFormat(`format:${mime}`, 0, mime, files),
  )
  checks.push(deadlineCheck('deadline', 0, deliveredAt, deadlineUtc))
  for (const criterion of criteriaOf(pact, milestone)) {
    checks.push(checkCriterion(criterion, { files, deliveredAt, deadlineUtc }))
  }
  const decided = checks.filter(({ outcome, weight }) => outcome !== 'unchecked' && weight > 0)
  const total = decided.reduce((sum, { weight }) => sum + weight, 0)
  const passed = decided
    .filter(({ outcome }) => outcome === 'pass')
    .reduce((sum, { weight }) => sum + weight, 0)
  return {
    checks,
    isMet: checks.every(({ outcome }) => outcome !== 'fail'),
    score: total === 0 ? 1 : passed / total,
  }
}

function checkCriterion(
  criterion: Criterion,
  context: { files: readonly ReceivedFile[]; deliveredAt: number; deadlineUtc: number },
): Check {
  const { id, weight, verifier } = criterion
  const { files, deliveredAt, deadlineUtc } = context
  const base = { id, weight }
  switch (verifier.type) {
    case 'deadline':
      return deadlineCheck(id, weight, deliveredAt, deadlineUtc)
    case 'format': {
      const { mime, file, minBytes = 1, maxBytes = Number.POSITIVE_INFINITY } = verifier
      const named = file === undefined ? files : files.filter(({ name }) => name === file)
      const found = checkFormat(id, weight, mime, named)
      if (found.outcome === 'fail') return found
      const fits = named.some(
        ({ mime: own, bytes }) =>
          own === mime && bytes.length >= minBytes && bytes.length <= maxBytes,
      )
      return fits ? found : { ...found, outcome: 'fail', code: 'wrong_size', missing: [mime] }
    }
    case 'schema': {
      const read = readJson(files, verifier.file)
      if ('code' in read) return { ...base, outcome: 'fail', ...read }
      return { ...base, ...meetsSchema(verifier.schema, read.value) }
    }
    case 'path': {
      const read = readJson(files, verifier.file)
      if ('code' in read) return { ...base, outcome: 'fail', ...read }
      const missing = verifier.paths.filter((path) => isEmpty(valueAt(read.value, path)))
      if (missing.length > 0) return { ...base, outcome: 'fail', code: 'path_missing', missing }
      return { ...base, outcome: 'pass', code: 'met', missing: [] }
    }
    case 'metric':
    case 'http':
    case 'jury': {
      const code = isMachineChecked(criterion) ? 'left_to_oracle' : 'left_to_jury'
      return { ...base, outcome: 'unchecked', code, missing: [] }
    }
  }
}

function deadlineCheck(id: string, weight: number, deliveredAt: number, deadline: number): Check {
  const isLate = !(deliveredAt < deadline)
  const [outcome, code] = isLate ? (['fail', 'too_late'] as const) : (['pass', 'met'] as const)
  return { id, weight, outcome, code, missing: [] }
}

const MAGIC: Readonly<Record<string, readonly number[]>> = {
  'application/pdf': [0x25, 0x50, 0x44, 0x46, 0x2d],
  'image/png': [0x89, 0x50, 0x4e, 0x47],
  'image/jpeg': [0xff, 0xd8, 0xff],
  'image/gif': [0x47, 0x49, 0x46, 0x38],
  'application/zip': [0x50, 0x4b, 0x03, 0x04],
  'application/gzip': [0x1f, 0x8b],
}

function checkFormat(
  id: string,
  weight: number,
  mime: string,
  files: readonly ReceivedFile[],
): Check {
  const typed = files.filter((file) => file.mime === mime)
  if (typed.length === 0) {
    return { id, weight, outcome: 'fail', code: 'file_missing', missing: [mime] }
  }
  const wrong = typed.filter((file) => !looksLike(file)).map(({ name }) => name)
  if (wrong.length > 0)
    return { id, weight, outcome: 'fail', code: 'wrong_content', missing: wrong }
  return { id, weight, outcome: 'pass', code: 'met', missing: [] }
}

function looksLike({ mime, bytes }: ReceivedFile): boolean {
  if (bytes.length === 0) return false
  const magic = MAGIC[mime]
  if (magic !== undefined) return magic.every((byte, index) => bytes[index] === byte)
  if (mime === 'application/json' || mime.endsWith('+json')) return parseJson(bytes) !== undefined
  if (mime.startsWith('text/')) return textOf(bytes) !== undefined
  return true
}

function readJson(
  files: readonly ReceivedFile[],
  name: string,
): { value: unknown } | { code: string; missing: string[] } {
  const file = files.find((each) => each.name === name)
  if (file === undefined) return { code: 'file_missing', missing: [name] }
  const parsed = parseJson(file.bytes)
  return parsed ?? { code: 'not_json', missing: [name] }
}

function parseJson(bytes: Uint8Array): { value: unknown } | undefined {
  const text = textOf(bytes)
  if (text === undefined) return undefined
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** Compiled schemas by their text: trades of one kind bring the same one, and compiling is the dear part. */
const validators = new Map<string, ReturnType<Ajv2020['compile']>>()
const MAX_VALIDATORS = 64

// No remote references: an unknown $ref is an error and not a request.
const AJV = { strict: false, allErrors: true, validateFormats: false } as const
/** Holds schemas against draft 2020-12, which it compiles once: that takes far longer than most schemas do. */
const draft = new Ajv2020(AJV)

/** Undefined for a schema that cannot be read. */
function validatorOf(schema: Record<string, unknown>): ReturnType<Ajv2020['compile']> | undefined {
  const text = JSON.stringify(schema)
  const known = validators.get(text)
  if (known !== undefined) return known
  try {
    // An asynchronous one answers by a promise, which is never false.
    if (schema.$async || !draft.validateSchema(schema)) return undefined
    const validate = compile(schema)
    if (validators.size >= MAX_VALIDATORS) validators.clear()
    validators.set(text, validate)
    return validate
  } catch {
    return undefined
  }
}

/** Each schema is alone, so that none can name a part of another. */
function compile(schema: Record<string, unknown>): ReturnType<Ajv2020['compile']> {
  try {
    return new Ajv2020({ ...AJV, meta: false, validateSchema: false }).compile(schema)
  } catch {
    // One that refers to the draft itself needs it at hand.
    return new Ajv2020(AJV).compile(schema)
  }
}

function meetsSchema(
  schema: Record<string, unknown>,
  value: unknown,
): Pick<Check, 'outcome' | 'code' | 'missing'> {
  const validate = validatorOf(schema)
  if (validate === undefined) {
    return { outcome: 'unchecked', code: 'schema_unreadable', missing: [] }
  }
  if (validate(value)) return { outcome: 'pass', code: 'met', missing: [] }
  const missing = (validate.errors ?? []).map(
    ({ instancePath, message = 'wrong' }) => `${instancePath || '/'} ${message}`,
  )
  return { outcome: 'fail', code: 'schema_mismatch', missing: missing.slice(0, 200) }
}
