import { textFile } from '../../../../test/oracle/settlement/verify/files.ts'
import type { Chance } from '../chance.ts'
import { type Spoil, textOf, type Work, withText } from './work.ts'

/** A function to write: how good code looks, how bad code looks, and what it is called with. */
interface Exercise {
  name: string
  specification: string
  good: readonly string[]
  bad: Record<string, string>
  draw(chance: Chance): unknown[]
}

const numbers = (chance: Chance, most = 9) =>
  Array.from({ length: chance.whole(1, most) }, () => chance.whole(-50, 120))

const EXERCISES: readonly Exercise[] = [
  {
    name: 'median',
    specification:
      'It gives the median of a list of numbers without changing the list; the mean of the middle two for an even count; null for an empty list.',
    good: [
      `function median(list) {
        if (list.length === 0) return null
        const sorted = [...list].sort((a, b) => a - b)
        const half = Math.floor(sorted.length / 2)
        return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
      }`,
      `const median = (list) => {
        const left = list.slice().sort((a, b) => a - b)
        while (left.length > 2) { left.pop(); left.shift() }
        return left.length === 0 ? null : left.reduce((a, b) => a + b, 0) / left.length
      }`,
    ],
    bad: {
      sortsAsText:
        'function median(l) { if (!l.length) return null; const s = [...l].sort(); const h = s.length >> 1; return s.length % 2 ? s[h] : (s[h - 1] + s[h]) / 2 }',
      forgetsToSort:
        'function median(l) { if (!l.length) return null; const h = l.length >> 1; return l.length % 2 ? l[h] : (l[h - 1] + l[h]) / 2 }',
      forgetsEven:
        'function median(l) { if (!l.length) return null; return [...l].sort((a, b) => a - b)[l.length >> 1] }',
      forgetsEmpty:
        'function median(l) { const s = [...l].sort((a, b) => a - b); const h = s.length >> 1; return s.length % 2 ? s[h] : (s[h - 1] + s[h]) / 2 }',
      isTheMean:
        'function median(l) { return l.length ? l.reduce((a, b) => a + b) / l.length : null }',
      roundsHalf:
        'function median(l) { if (!l.length) return null; const s = [...l].sort((a, b) => a - b); const h = s.length >> 1; return s.length % 2 ? s[h] : Math.floor((s[h - 1] + s[h]) / 2) }',
    },
    draw: (chance) => [chance.next() < 0.1 ? [] : numbers(chance)],
  },
  {
    name: 'merge',
    specification:
      'It merges closed intervals, given as [from, to] pairs in any order, wherever they overlap or touch, and gives them in rising order.',
    good: [
      `function merge(intervals) {
        const sorted = intervals.map(([from, to]) => [from, to]).sort((a, b) => a[0] - b[0])
        const merged = []
        for (const [from, to] of sorted) {
          const last = merged[merged.length - 1]
          if (last && from <= last[1]) last[1] = Math.max(last[1], to)
          else merged.push([from, to])
        }
        return merged
      }`,
    ],
    bad: {
      forgetsToSort:
        'function merge(l) { const m = []; for (const [f, t] of l) { const x = m[m.length - 1]; if (x && f <= x[1] && f >= x[0]) x[1] = Math.max(x[1], t); else m.push([f, t]) } return m }',
      forgetsTouching:
        'function merge(l) { const s = l.map(([f, t]) => [f, t]).sort((a, b) => a[0] - b[0]); const m = []; for (const [f, t] of s) { const x = m[m.length - 1]; if (x && f < x[1]) x[1] = Math.max(x[1], t); else m.push([f, t]) } return m }',
      forgetsContained:
        'function merge(l) { const s = l.map(([f, t]) => [f, t]).sort((a, b) => a[0] - b[0]); const m = []; for (const [f, t] of s) { const x = m[m.length - 1]; if (x && f <= x[1]) x[1] = t; else m.push([f, t]) } return m }',
      mergesAll:
        'function merge(l) { return l.length ? [[Math.min(...l.map((x) => x[0])), Math.max(...l.map((x) => x[1]))]] : [] }',
      givesObjects: 'function merge(l) { return l.map(([from, to]) => ({ from, to })) }',
      doesNothing: 'function merge(l) { return l }',
    },
    draw: (chance) => [
      Array.from({ length: chance.whole(0, 7) }, () => {
        const from = chance.whole(0, 30)
        return [from, from + chance.whole(0, 8)]
      }),
    ],
  },
  {
    name: 'duration',
    specification:
      'It gives the seconds of a text like "1h 5m 30s": hours, minutes and seconds in this order, each at most once; null for anything else, also for the empty text.',
    good: [
      `function duration(text) {
        const found = /^(?:(\\d+)h)? ?(?:(\\d+)m)? ?(?:(\\d+)s)?$/.exec(text.trim())
        if (found === null || text.trim() === '') return null
        const [, hours, minutes, seconds] = found.map((part) => Number(part || 0))
        return hours * 3600 + minutes * 60 + seconds
      }`,
    ],
    bad: {
      forgetsHours:
        'function duration(t) { const f = /^(?:(\\d+)m)? ?(?:(\\d+)s)?$/.exec(t.trim()); return f && t.trim() ? Number(f[1] || 0) * 60 + Number(f[2] || 0) : null }',
      forgetsNull:
        'function duration(t) { let s = 0; for (const [, n, u] of t.matchAll(/(\\d+)([hms])/g)) s += Number(n) * { h: 3600, m: 60, s: 1 }[u]; return s }',
      forgetsOrder:
        'function duration(t) { if (!/^(\\d+[hms] ?)+$/.test(t.trim())) return null; let s = 0; for (const [, n, u] of t.matchAll(/(\\d+)([hms])/g)) s += Number(n) * { h: 3600, m: 60, s: 1 }[u]; return s }',
      minutesAsHundred:
        'function duration(t) { const f = /^(?:(\\d+)h)? ?(?:(\\d+)m)? ?(?:(\\d+)s)?$/.exec(t.trim()); return f && t.trim() ? Number(f[1] || 0) * 3600 + Number(f[2] || 0) * 100 + Number(f[3] || 0) : null }',
      givesText:
        'function duration(t) { const f = /^(?:(\\d+)h)? ?(?:(\\d+)m)? ?(?:(\\d+)s)?$/.exec(t.trim()); return f && t.trim() ? String(Number(f[1] || 0) * 3600 + Number(f[2] || 0) * 60 + Number(f[3] || 0)) : null }',
      emptyIsZero:
        'function duration(t) { const f = /^(?:(\\d+)h)? ?(?:(\\d+)m)? ?(?:(\\d+)s)?$/.exec(t.trim()); return f ? Number(f[1] || 0) * 3600 + Number(f[2] || 0) * 60 + Number(f[3] || 0) : null }',
    },
    draw: (chance) => {
      const part = (unit: string) => (chance.next() < 0.6 ? `${chance.whole(1, 59)}${unit}` : '')
      const parts = ['h', 'm', 's'].map(part).filter((each) => each !== '')
      if (chance.next() < 0.25) parts.reverse()
      return [chance.next() < 0.15 ? chance.pick(['', 'soon', '5', '1h 1h']) : parts.join(' ')]
    },
  },
]

/** What the reference answers; both run here, where nothing hostile is. */
function run(source: string, name: string, args: unknown[]): unknown {
  const made = new Function(`${source}; return ${name}`)() as (...args: unknown[]) => unknown
  try {
    return made(...structuredClone(args))
  } catch {
    return 'threw'
  }
}

function exerciseOf(parameters: Record<string, string>): Exercise {
  const found = EXERCISES.find(({ name }) => name === parameters.name)
  if (found === undefined) throw new Error('no such exercise')
  return found
}

const cases = (exercise: Exercise, chance: Chance, count: number) => {
  const [reference = ''] = exercise.good
  return Array.from({ length: count }, () => {
    const args = exercise.draw(chance)
    return { args, expected: run(reference, exercise.name, args) }
  })
}

/** The operators of mutation testing, one at one place. */
const SWAPS: readonly [RegExp, string][] = [
  [/<=/g, '<'],
  [/ < /g, ' <= '],
  [/ > /g, ' >= '],
  [/===/g, '!=='],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' / '],
  [/ \/ 2/g, ' / 3'],
  [/Math\.max/g, 'Math.min'],
  [/Math\.floor/g, 'Math.ceil'],
  [/\b0\b/g, '1'],
  [/\b1\b/g, '2'],
  [/\b60\b/g, '61'],
  [/&&/g, '||'],
  [/\|\|/g, '&&'],
  [/null/g, '0'],
]

/**
 * A mutant of the delivered code that answers otherwise than the reference somewhere in 3,000 calls drawn
 * apart from the hidden cases; one that does not is no defect.
 */
const mutate: Spoil = ({ files, parameters }, chance) => {
  const exercise = exerciseOf(parameters)
  const source = textOf(files, 'solution.js')
  const [reference = ''] = exercise.good
  for (let tried = 0; tried < 40; tried++) {
    const [pattern, other] = chance.pick(SWAPS)
    const places = [...source.matchAll(pattern)].map(({ index }) => index)
    if (places.length === 0) continue
    const at = chance.pick(places)
    const mutant = source.slice(0, at) + source.slice(at).replace(new RegExp(pattern.source), other)
    try {
      const differs = Array.from({ length: 3000 }, () => exercise.draw(chance)).some(
        (args) =>
          JSON.stringify(run(mutant, exercise.name, args)) !==
          JSON.stringify(run(reference, exercise.name, args)),
      )
      if (differs) return withText(files, 'solution.js', mutant)
    } catch {
      return withText(files, 'solution.js', mutant)
    }
  }
  return undefined
}

const bug =
  (at: number): Spoil =>
  ({ files, parameters }) => {
    const source = Object.values(exerciseOf(parameters).bad)[at]
    return source === undefined ? undefined : withText(files, 'solution.js', source)
  }
const script =
  (write: (name: string, source: string, parameters: Record<string, string>) => string): Spoil =>
  ({ files, parameters }) =>
    withText(
      files,
      'solution.js',
      write(parameters.name ?? '', textOf(files, 'solution.js'), parameters),
    )

/** Code that hidden cases are put to. */
export const code: Work = {
  template: 'code-function',
  main: 'solution.js',
  order(chance) {
    const exercise = chance.pick(EXERCISES)
    const { name, specification } = exercise
    return {
      parameters: {
        name,
        specification,
        examples: JSON.stringify(cases(exercise, chance, 3)),
        cases: JSON.stringify(cases(exercise, chance, 60)),
      },
      files: { 'solution.js': textFile(chance.pick(exercise.good), 'text/javascript') },
    }
  },
  defects: {
    ...Object.fromEntries(Array.from({ length: 6 }, (_, at) => [`bug${at + 1}`, bug(at)])),
    hardCoded: script((name, _, { examples = '[]' }) => {
      return `const known = ${examples}
        function ${name}(...args) {
          const found = known.find((each) => JSON.stringify(each.args) === JSON.stringify(args))
          return found ? found.expected : null
        }`
    }),
    renamed: script((name, source) => source.replaceAll(name, 'solve')),
    exported: script((_, source) => `export default ${source.replace(/^const \w+ = /, '')}`),
    asynchronous: script(
      (name, source) =>
        `${source.replaceAll(name, 'inner')}\nasync function ${name}(...args) { return inner(...args) }`,
    ),
    throwing: script((name) => `function ${name}() { throw new Error('not implemented') }`),
    empty: script((name) => `function ${name}() { /* the code goes here */ }`),
    python: script((name) => `def ${name}(x):\n    return x\n`),
    prose: script((name) => `The function ${name} is implemented as requested.\n`),
    fenced: script((_, source) => `\`\`\`js\n${source}\n\`\`\``),
    cutOff: script((_, source) => source.slice(0, Math.floor(source.length * 0.7))),
    needsNode: script((name, source) => `const fs = require('node:fs')\n${source}\n${name}`),
    endless: script((name) => `function ${name}() { for (;;) {} }`),
    forging: script(
      (name) =>
        `JSON.stringify = () => '{"value":1}'; Object.prototype.toJSON = () => 1; const ${name} = () => 1`,
    ),
  },
  mutate,
}
