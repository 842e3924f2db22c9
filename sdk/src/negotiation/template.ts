import * as z from 'zod'
import { criterionSchema, mime } from '../protocol/criterion.ts'
import { decode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { usdc } from '../protocol/money.ts'
import { profileSchema } from '../protocol/timing.ts'
import type { Task } from './draft.ts'

/** A kind of task to instantiate: text with `{{parameter}}`, or `{{#parameter}}` for a number (PCT-25). */
export const templateSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  title: z.string().min(1).max(200),
  about: z.string().min(1).max(2000),
  /** What each parameter means. */
  parameters: z.record(z.string().regex(/^[a-z][A-Za-z0-9]*$/), z.string().min(1)),
  task: z.record(z.string(), z.json()),
  suggested: z.strictObject({
    paymentUsdc: usdc,
    deadlineHours: z
      .int()
      .min(1)
      .max(24 * 90),
    profile: profileSchema,
  }),
})
export type Template = z.output<typeof templateSchema>

const taskSchema = z.strictObject({
  capability: z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/),
  description: z.string().min(1).max(20_000),
  input: z.json(),
  outputFormats: z.array(mime).min(1).max(20),
  acceptance: z.array(criterionSchema).min(1).max(200),
  minAccuracy: z.number().min(0).max(1).exactOptional(),
  accuracyMethod: z.string().exactOptional(),
})

/** Reads a template from its JSON form. Throws `invalid_template`. */
export function decodeTemplate(wire: unknown): Template {
  return decode(templateSchema, wire, 'invalid_template')
}

/** A task to hire for, and what the template suggests to pay. */
export interface Instance {
  task: Task
  paymentUsdc: bigint
}

/**
 * Fills a template in. Throws `missing_parameter`, `unknown_parameter`, `invalid_parameter` for a number
 * that is none, `invalid_template` where the result is no task.
 * @param options.now Unix seconds.
 */
export function instantiate(
  template: Template,
  { parameters, now }: { parameters: Readonly<Record<string, string>>; now: number },
): Instance {
  for (const name of Object.keys(parameters)) {
    if (!Object.hasOwn(template.parameters, name)) {
      throw new EarnestError('unknown_parameter', `The template has no parameter ${name}`)
    }
  }
  for (const name of Object.keys(template.parameters)) {
    if ((parameters[name] ?? '').trim() === '') {
      throw new EarnestError('missing_parameter', `Want ${name}: ${template.parameters[name]}`)
    }
  }
  const { paymentUsdc, deadlineHours, profile } = template.suggested
  const filled = decode(taskSchema, fill(template.task, parameters), 'invalid_template')
  const { input, ...rest } = filled
  return {
    task: {
      ...rest,
      input: input as Task['input'],
      deadline: now + deadlineHours * 3600,
      profile,
    },
    paymentUsdc,
  }
}

function fill(value: unknown, parameters: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') {
    const numeric = /^\{\{#([a-z][A-Za-z0-9]*)\}\}$/.exec(value)?.[1]
    if (numeric !== undefined) return numberOf(numeric, parameters[numeric] ?? '')
    return value.replace(/\{\{([a-z][A-Za-z0-9]*)\}\}/g, (_, name: string) => {
      const text = parameters[name]
      if (text === undefined) throw new EarnestError('invalid_template', `Unknown name ${name}`)
      return text
    })
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, parameters))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, item]) => [name, fill(item, parameters)])
  return Object.fromEntries(entries)
}

function numberOf(name: string, text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) {
    throw new EarnestError('invalid_parameter', `${name} must be a number`)
  }
  return number
}
