import * as z from 'zod'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import type { KeyBook } from './keyBook.ts'

/** What a tool gives back: facts that the engine read, or a refusal by a stable code; always what comes next. */
export type ToolResult =
  | { ok: true; next_step: string; [fact: string]: unknown }
  | { ok: false; code: string; message: string; retryable: boolean; next_step: string }

/**
 * One tool as language models' frameworks take it: `name`, `description` and `inputSchema` (JSON Schema) are
 * an entry of MCP's `tools/list`, and with `execute` the parts of an AI SDK tool. `execute` takes whatever a
 * model wrote, checks it, and never throws: a refusal is a result.
 */
export interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  /** JSON Schema, draft 2020-12, of an object. */
  readonly inputSchema: Readonly<Record<string, unknown>>
  /** MCP's hints. */
  readonly annotations: {
    readonly readOnlyHint: boolean
    readonly destructiveHint: boolean
    readonly idempotentHint: boolean
    readonly openWorldHint: boolean
  }
  execute(input: unknown): Promise<ToolResult>
}

type Facts = { next_step: string; [fact: string]: unknown }

/** What a tool is made of. */
export interface ToolDefinition<S extends z.ZodObject> {
  name: string
  title: string
  description: string
  input: S
  /** Moves money back or gives something up. */
  isDestructive?: boolean
  /** @param isAgain This key was tried before, and nothing is known to have come of it. */
  run(input: z.output<S>, isAgain: boolean): Promise<Facts>
}

/** The caller's name for one wish: the same key again is the same wish, and happens once. */
export const key = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,100}$/, 'want 1 to 100 letters, digits, or one of _ . : -')
  .describe(
    'Your own name for this one wish, such as the id of your tool call. Repeating a call with the same key changes nothing.',
  )

const NEXT_STEPS: Record<string, string> = {
  invalid_input: 'Mend the fields that the message names and call again.',
  key_reused: 'Use a new key: this one named another wish.',
  trust_policy_not_met: 'Choose another seller, or what the message says that this one may get.',
  negotiation_failed:
    'Call again under a new key with terms that the message allows, or choose another seller.',
  insufficient_funds:
    'Tell your owner: the wallet needs more USDC. Then call again with the same key.',
  internal: 'Try again later; if it stays so, tell your owner.',
}

/** A tool that only looks. */
export function reader<S extends z.ZodObject>(definition: ToolDefinition<S>): Tool {
  return make(definition, undefined, (input) => definition.run(input, false))
}

/** A tool that changes something: its input has a `key`, under which it happens once. */
export function writer<S extends z.ZodObject<{ key: typeof key }>>(
  definition: ToolDefinition<S>,
  keys: KeyBook,
): Tool {
  return make(definition, keys, (input, wire) =>
    keys.once({ key: String(input.key), tool: definition.name, input: wire }, (isAgain) =>
      definition.run(input, isAgain),
    ),
  )
}

function make<S extends z.ZodObject>(
  { name, title, description, input: schema, isDestructive = false }: ToolDefinition<S>,
  keys: KeyBook | undefined,
  run: (input: z.output<S>, wire: unknown) => Promise<Facts>,
): Tool {
  const isReader = keys === undefined
  return {
    name,
    title,
    description,
    inputSchema: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
    annotations: {
      readOnlyHint: isReader,
      destructiveHint: isDestructive,
      idempotentHint: true,
      openWorldHint: true,
    },
    async execute(wire) {
      try {
        const read = schema.safeParse(wire)
        if (!read.success) {
          const message = z.prettifyError(read.error).slice(0, 2000)
          throw new EarnestError('invalid_input', message)
        }
        return { ok: true, ...(await run(read.data, wire)) }
      } catch (error) {
        return refusalOf(error)
      }
    },
  }
}

/** An error as a result; what is not ours may hold a path, a prompt or a key, and is not told. */
function refusalOf(error: unknown): ToolResult {
  if (!isEarnestError(error)) {
    const message = 'Something went wrong that is not yours to mend'
    return refused('internal', message, { retryable: true })
  }
  const { code, message, retryable, details } = error
  const nextStep = details?.nextStep
  return refused(code, message, {
    retryable,
    ...(typeof nextStep === 'string' && { nextStep }),
  })
}

function refused(
  code: string,
  message: string,
  { retryable, nextStep }: { retryable: boolean; nextStep?: string },
): ToolResult {
  const usual = retryable
    ? 'Wait a moment and call again with the same key.'
    : 'Do not repeat this.'
  return { ok: false, code, message, retryable, next_step: nextStep ?? NEXT_STEPS[code] ?? usual }
}

/** A refusal that says what to do instead. */
export function refusal(code: string, message: string, nextStep: string): EarnestError {
  return new EarnestError(code, message, { details: { nextStep } })
}
