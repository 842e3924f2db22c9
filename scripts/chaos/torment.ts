import { setTimeout } from 'node:timers/promises'
import type { Actor } from '../market/actor.ts'
import { points } from './points.ts'

/** Who was killed, and where. */
export interface Toll {
  kills: number
  byProcess: Record<string, number>
  byStep: Record<string, number>
}

/**
 * Kills one process again and again until it is over: at the step where that kind of process was
 * killed least, or at any instant; sometimes a moment after the step. Then it stays away for a while
 * and comes back.
 */
export async function torment(
  actor: Actor,
  {
    toll,
    isOver,
    random,
    patienceMs,
  }: {
    toll: Toll
    isOver: () => boolean
    random: () => number
    /** What a step may take to come; then any instant will do. */
    patienceMs: number
  },
): Promise<void> {
  const { role, name } = actor
  const steps = points[role] ?? []
  const keyOf = (step: string) => `${role}: ${step}`
  for (const step of steps) toll.byStep[keyOf(step)] ??= 0
  while (!isOver()) {
    await setTimeout(500 + random() * 2_500)
    const least = [...steps].sort(
      (a, b) => (toll.byStep[keyOf(a)] ?? 0) - (toll.byStep[keyOf(b)] ?? 0) || random() - 0.5,
    )
    const chosen = random() < 0.15 ? 'any instant' : (least[0] ?? 'any instant')
    const isThere = chosen !== 'any instant' && (await actor.says(chosen, patienceMs))
    if (random() < 0.5) await setTimeout(random() * 40)
    if (isOver()) return
    const step = keyOf(isThere ? chosen : 'any instant')
    toll.kills++
    toll.byProcess[name] = (toll.byProcess[name] ?? 0) + 1
    toll.byStep[step] = (toll.byStep[step] ?? 0) + 1
    await actor.kill()
    await setTimeout(random() * 1_000)
    await actor.up()
  }
}
