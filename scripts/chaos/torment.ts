import { setTimeout } from 'node:timers/promises'
import type { Actor } from '../market/actor.ts'
import type { Gate, Held } from './gate.ts'
import { ANY, type Point, pointsOf, roles, wordsOf } from './points.ts'

/** Who was killed, and where. */
export interface Toll {
  kills: number
  byProcess: Record<string, number>
  byStep: Record<string, number>
}

/** Nobody was killed yet, anywhere. */
export function emptyToll(): Toll {
  const all = roles.flatMap((role) => pointsOf(role).map((point) => wordsOf(role, point)))
  return { kills: 0, byProcess: {}, byStep: Object.fromEntries(all.map((words) => [words, 0])) }
}

/** Milliseconds after which places are taken that have had their turn, where the others do not come. */
const PATIENCE = 60_000
/** Milliseconds between two looks at what is wanted. */
const LOOK = 2_000
/** Milliseconds in which a process that came back is left alone, at least and at most. */
const [LEAST_PEACE, MOST_PEACE] = [300, 1_500]

/**
 * Kills one process again and again until it is over, each time where its kind was killed least: it is
 * held there, so that the place is exact, killed, and its call ends as its death ends it. Then it stays
 * away for a while and comes back.
 */
export async function torment(
  actor: Actor,
  {
    gate,
    toll,
    isOver,
    random,
    onKill = () => {},
  }: {
    gate: Gate
    toll: Toll
    isOver: () => boolean
    random: () => number
    onKill?: (words: string) => void
  },
): Promise<void> {
  const { role, name } = actor
  const points = pointsOf(role)
  const times = (point: Point) => toll.byStep[wordsOf(role, point)] ?? 0
  const least = () => Math.min(...points.map(times))
  /** Its kind has died everywhere as often as all others at least: it is their turn. */
  const isAhead = () => least() > Math.min(...Object.values(toll.byStep))
  const any: Point = { step: ANY, phase: 'at' }

  const kill = async (point: Point) => {
    const words = wordsOf(role, point)
    toll.kills++
    toll.byProcess[name] = (toll.byProcess[name] ?? 0) + 1
    toll.byStep[words] = (toll.byStep[words] ?? 0) + 1
    onKill(`${name} killed ${words}, ${toll.kills} in all`)
    await actor.kill()
  }

  while (!isOver()) {
    await setTimeout(LEAST_PEACE + random() * (MOST_PEACE - LEAST_PEACE))
    if (isOver()) return
    if (isAhead()) continue
    if (times(any) <= least()) {
      await kill(any)
    } else {
      let held: Held | undefined
      for (let waited = 0; held === undefined && !isOver(); waited += LOOK) {
        const level = least() + 1 + Math.floor(waited / PATIENCE)
        const isWanted = (step: string, phase: Point['phase']) =>
          points.some((p) => p.step === step && p.phase === phase && times(p) < level)
        held = await gate.trap(name, isWanted, LOOK)
      }
      if (held === undefined) return
      await kill(held)
      held.drop()
    }
    await setTimeout(random() * 1_000)
    await actor.up()
  }
}
