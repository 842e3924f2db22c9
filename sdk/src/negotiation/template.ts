import * as z from 'zod'
import { criterionSchema, mime } from '../protocol/criterion.ts'
import { decode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import { usdc } from '../protocol/money.ts'
import { profileSchema } from '../protocol/timing.ts'
import type { Task } from './draft.ts'

/**
 * A kind of task to instantiate (PCT-25): text with `{{parameter}}`; a whole string may be `{{#parameter}}`
 * for a number, `{{=parameter}}` for JSON or `{{text:deposit}}` for a deposit's text, which shows it to the
 * seller. `{{sha256:deposit}}` is a deposit's hash, by which a criterion names it.
 */
export const templateSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  title: z.string().min(1).max(200),
  about: z.string().min(1).max(2000),
  /** What each parameter means. */
  parameters: z.record(z.string().regex(/^[a-z][A-Za-z0-9]*$/), z.string().min(1)),
  /** Checkers and held-out data, as lines of text, in which `{{=parameter}}` stands for JSON. */
  deposits: z
    .record(z.string().regex(/^[a-z][A-Za-z0-9]*$/), z.array(z.string()).min(1))
    .exactOptional(),
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
 * Fills a template in; the task carries the bytes that the buyer deposits. Throws `missing_parameter`,
 * `unknown_parameter`, `invalid_parameter` for a number or JSON that is none, `invalid_template` where the
 * result is no task.
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
  const deposits = depositsOf(template, parameters)
  const filled = decode(
    taskSchema,
    fill(template.task, { parameters, deposits }),
    'invalid_template',
  )
  const { input, ...rest } = filled
  return {
    task: {
      ...rest,
      input: input as Task['input'],
      deadline: now + deadlineHours * 3600,
      profile,
      ...(deposits.size > 0 && { deposits: [...deposits.values()].map(encodeText) }),
    },
    paymentUsdc,
  }
}

type Parameters = Readonly<Record<string, string>>

/** What goes into a template: words of the buyer, and texts that are deposited. */
interface Filling {
  parameters: Parameters
  deposits: ReadonlyMap<string, string>
}

function depositsOf({ deposits = {} }: Template, parameters: Parameters): Map<string, string> {
  return new Map(
    Object.entries(deposits).map(([name, lines]) => [
      name,
      lines
        .join('\n')
        .replace(/\{\{=([a-z][A-Za-z0-9]*)\}\}/g, (_, parameter: string) =>
          JSON.stringify(jsonOf(parameter, parameters)),
        ),
    ]),
  )
}

function fill(value: unknown, filling: Filling): unknown {
  const { parameters, deposits } = filling
  if (typeof value === 'string') {
    const [, mark, name = ''] = /^\{\{(#|=|text:)([a-z][A-Za-z0-9]*)\}\}$/.exec(value) ?? []
    if (mark === '#') return numberOf(name, parameters)
    if (mark === '=') return jsonOf(name, parameters)
    if (mark === 'text:') return known(name, deposits.get(name))
    return value.replace(
      /\{\{(sha256:)?([a-z][A-Za-z0-9]*)\}\}/g,
      (_, isHash: string | undefined, each: string) =>
        isHash
          ? hashBytes(encodeText(known(each, deposits.get(each))))
          : known(each, parameters[each]),
    )
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, filling))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, item]) => [name, fill(item, filling)])
  return Object.fromEntries(entries)
}

function known(name: string, text: string | undefined): string {
  if (text === undefined) throw new EarnestError('invalid_template', `Unknown name ${name}`)
  return text
}

function numberOf(name: string, parameters: Parameters): number {
  const text = known(name, parameters[name])
  const number = Number(text)
  if (text.trim() === '' || !Number.isFinite(number)) {
    throw new EarnestError('invalid_parameter', `${name} must be a number`)
  }
  return number
}

function jsonOf(name: string, parameters: Parameters): unknown {
  const text = known(name, parameters[name])
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new EarnestError('invalid_parameter', `${name} must be JSON`, { cause })
  }
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
