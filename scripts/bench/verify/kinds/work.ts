import type { templates } from '@earnest/sdk/templates'
import type { Files } from '../../../../test/oracle/settlement/verify/files.ts'
import type { Chance } from '../chance.ts'

/** One order under a template of the SDK, and an honest delivery of it. */
export interface Order {
  parameters: Record<string, string>
  files: Files
}

/** A delivery spoilt in one way; undefined where the way does not fit this order. */
export type Spoil = (order: Order, chance: Chance) => Files | undefined

/** One kind of work. */
export interface Work {
  /** Id of the SDK's template. */
  template: keyof typeof templates
  /** The file that carries the work. */
  main: string
  /** Another order for every state of chance. */
  order(chance: Chance): Order
  /** What goes wrong in deliveries of this kind, by name. */
  defects: Record<string, Spoil>
  /** Changes by rule, without regard to what they mean; the held-out family. */
  mutate: Spoil
}

const decoder = new TextDecoder()

/** The text of a delivered file. */
export function textOf(files: Files, name: string): string {
  return decoder.decode(files[name]?.bytes)
}

/** The files with another text in one of them. */
export function withText(files: Files, name: string, text: string): Files {
  const mime = files[name]?.mime ?? ''
  return { ...files, [name]: { mime, bytes: new TextEncoder().encode(text) } }
}

/** A spoil that changes the JSON of one file in place. */
export function inJson<T>(name: string, change: (value: T, chance: Chance) => void): Spoil {
  return ({ files }, chance) => {
    const value = JSON.parse(textOf(files, name)) as T
    change(value, chance)
    return withText(files, name, JSON.stringify(value))
  }
}

/** A spoil that changes the text of one file. */
export function inText(name: string, change: (text: string, chance: Chance) => string): Spoil {
  return ({ files }, chance) => withText(files, name, change(textOf(files, name), chance))
}

/** Two decimals. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}

/** Money as a text of two decimals. */
export function money(cents: number): string {
  return (cents / 100).toFixed(2)
}
