import { setTimeout } from 'node:timers/promises'
import type { Actor } from '../market/actor.ts'
import type { Gate, Held } from './gate.ts'
import { ANY, type Places, type Point, wordsOf } from './points.ts'

/** Who was killed, and where. */
export interface Toll {
  kills: number
  byProcess: Record<string, number>
  byStep: Record<string, number>
}

/** Nobody was killed yet, anywhere. */
export function emptyToll(places: Places): Toll {
  const all = [...places].flatMap(([role, points]) => points.map((p) => wordsOf(role, p)))
  return { kills: 0, byProcess: {}, byStep: Object.fromEntries(all.map((words) => [words, 0])) }
}

/** The places where nobody was killed. */
export function missedOf({ byStep }: Toll): string[] {
  return Object.keys(byStep).filter((words) => byStep[words] === 0)
}

/** Milliseconds after which a place is taken that was taken once more than the least. */
const PATIENCE = 10_000
/** Milliseconds between two looks at what is wanted. */
const LOOK = 1_000
/** Milliseconds in which a process that came back is left alone, at least and at most. */
const [LEAST_PEACE, MOST_PEACE] = [300, 1_500]
/** Milliseconds for which a process stays away, at most. */
const MOST_AWAY = 1_000

/**
 * Kills one process again and again until it is over. It is held at a place, so that the place is exact,
 * killed, and its call ends as its death ends it. Then it stays away for a while and comes back. Where its
 * kind was never killed it is killed at once. A place that had its turn is taken again, the least killed
 * first, only while `mayRepeat` allows it: who dies seldom gets on with its trades, and these bring the
 * places that nobody came to yet.
 */
export async function torment(
  actor: Actor,
  {
    gate,
    grounds,
    places,
    toll,
    isOver,
    mayRepeat,
    random,
    onKill = () => {},
  }: {
    gate: Gate
    /** What processes stand on: who starts where one of them is dead ends, and is started again. */
    grounds: readonly Actor[]
    places: Places
    toll: Toll
    isOver: () => boolean
    mayRepeat: () => boolean
    random: () => number
    onKill?: (words: string) => void
  },
): Promise<void> {
  const { role, name } = actor
  const points = places.get(role) ?? []
  const any = points.find(({ step }) => step === ANY)
  const times = (point: Point) => toll.byStep[wordsOf(role, point)] ?? 0
  const isReached = (point: Point) => times(point) > 0
  const least = () => Math.min(...points.filter(isReached).map(times))
  /** Its turn, or its next one after so many milliseconds in which no better one came. */
  const isDue = (point: Point, waited: number) =>
    !isReached(point) || (mayRepeat() && times(point) <= least() + Math.floor(waited / PATIENCE))

  const kill = async (point: Point) => {
    const words = wordsOf(role, point)
    toll.kills++
    toll.byProcess[name] = (toll.byProcess[name] ?? 0) + 1
    toll.byStep[words] = (toll.byStep[words] ?? 0) + 1
    onKill(`${name} killed ${words}, ${toll.kills} in all`)
    await actor.kill()
  }

  while (points.length > 0 && !isOver()) {
    await setTimeout(LEAST_PEACE + random() * (MOST_PEACE - LEAST_PEACE))
    if (isOver()) return
    if (any !== undefined && isDue(any, 0)) {
      await kill(any)
    } else {
      let held: Held | undefined
      for (let waited = 0; held === undefined && !isOver(); waited += LOOK) {
        const isWanted = (step: string, phase: Point['phase']) =>
          points.some((p) => p.step === step && p.phase === phase && isDue(p, waited))
        held = await gate.trap(name, isWanted, LOOK)
      }
      if (held === undefined) return
      await kill(held)
      held.drop()
    }
    await setTimeout(random() * MOST_AWAY)
    await rise()
  }

  /** As a supervisor does it, which starts again what has ended at its start. */
  async function rise(): Promise<void> {
    const deaths = () => grounds.reduce((sum, { name }) => sum + (toll.byProcess[name] ?? 0), 0)
    for (;;) {
      const before = deaths()
      const wasFirm = grounds.every((ground) => ground.isUp())
      try {
        await actor.up()
        return
      } catch (error) {
        if (wasFirm && deaths() === before) throw error
        onKill(`${name} could not start: ${error}`)
        await setTimeout(LOOK)
      }
    }
  }
}
