import type { Chance } from './chance.ts'
import { type Spoil, textOf, withText } from './kinds/work.ts'

/** Where a value stands: its container and its name in there. */
interface Place {
  container: Record<string, unknown>
  name: string
  value: unknown
}

/**
 * One change of one value, drawn at random and by kind alone: numbers move by 2 to 50 percent, change
 * their sign or lose a digit, words change a letter, members go, items come twice, and values of one name
 * change places. Every change is of something that the template demands.
 * @param under Members of the document that are demanded; the others are the seller's own.
 * @param free Names of members that may say anything.
 */
export function mutateJson(
  file: string,
  under: readonly string[],
  free: readonly string[] = [],
): Spoil {
  return ({ files }, chance) => {
    const before = textOf(files, file)
    for (let tried = 0; tried < 50; tried++) {
      const document = JSON.parse(before) as Record<string, unknown>
      const places = under.flatMap((name) => [
        { container: document, name, value: document[name] },
        ...placesIn(document[name]),
      ])
      const usable = places.filter(({ name }) => !free.includes(name))
      chance.pick(operators)(chance.pick(usable), usable, chance)
      const after = JSON.stringify(document)
      if (after !== JSON.stringify(JSON.parse(before))) return withText(files, file, after)
    }
    return undefined
  }
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  const container = value as Record<string, unknown>
  return Object.entries(container).flatMap(([name, inner]) => [
    { container, name, value: inner },
    ...placesIn(inner),
  ])
}

type Operator = (place: Place, places: readonly Place[], chance: Chance) => void

const operators: Operator[] = [
  ({ container, name, value }, _, chance) => {
    if (typeof value !== 'number') return
    const factor = 1 + chance.pick([-1, 1]) * (0.02 + 0.48 * chance.next())
    container[name] = Number.isInteger(value) ? Math.round(value * factor) : value * factor
  },
  ({ container, name, value }, _, chance) => {
    if (typeof value !== 'number') return
    container[name] = chance.pick([-value, value * 10, value / 10])
  },
  ({ container, name, value }, _, chance) => {
    if (typeof value !== 'string') return
    container[name] = otherLetter(value, chance)
  },
  ({ container, name }) => {
    if (!Array.isArray(container)) delete container[name]
  },
  ({ container, name, value }) => {
    if (Array.isArray(container)) container.splice(Number(name), 0, structuredClone(value))
  },
  (place, places, chance) => {
    if (typeof place.value === 'object') return
    const others = places.filter(({ name, value }) => name === place.name && value !== place.value)
    if (others.length === 0) return
    const other = chance.pick(others)
    place.container[place.name] = other.value
    other.container[other.name] = place.value
  },
]

/** The text with one letter or digit changed into another. */
export function otherLetter(text: string, chance: Chance): string {
  const places = [...text.matchAll(/[a-z0-9]/gi)].map(({ index }) => index)
  if (places.length === 0) return text
  const at = chance.pick(places)
  const code = text.charCodeAt(at)
  const other = /[0-9]/.test(text[at] ?? '') ? 48 + ((code - 47) % 10) : code === 0x71 ? 0x7a : 0x71
  return `${text.slice(0, at)}${String.fromCharCode(other)}${text.slice(at + 1)}`
}
