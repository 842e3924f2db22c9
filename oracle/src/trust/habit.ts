import { grown } from './column.ts'
import { fade } from './fade.ts'
import type { TrustParameters } from './parameters.ts'

/** Decayed undisputed and disputed purchases of many buyers as columns. */
export type Habits = { undisputed: Float64Array; disputed: Float64Array; at: Float64Array }

/** No habits yet. */
export function createHabits(): Habits {
  return {
    undisputed: new Float64Array(0),
    disputed: new Float64Array(0),
    at: new Float64Array(0),
  }
}

/** Makes room for the buyers 0 .. count - 1. */
export function growHabits(habits: Habits, count: number): void {
  habits.undisputed = grown(habits.undisputed, count)
  habits.disputed = grown(habits.disputed, count)
  habits.at = grown(habits.at, count)
}

/** Forgets everything of one buyer. */
export function clearHabit(habits: Habits, index: number): void {
  habits.undisputed[index] = 0
  habits.disputed[index] = 0
  habits.at[index] = 0
}

/** Adds one purchase. */
export function purchase(
  habits: Habits,
  index: number,
  { at, undisputed, disputed }: { at: number; undisputed: number; disputed: number },
  { habitHalfLife }: TrustParameters,
): void {
  const since = habits.at[index] as number
  const kept = since === 0 ? 0 : fade(at - since, habitHalfLife)
  habits.undisputed[index] = (habits.undisputed[index] as number) * kept + undisputed
  habits.disputed[index] = (habits.disputed[index] as number) * kept + disputed
  habits.at[index] = Math.max(since, at)
}

/** The habit at `now`, in decayed trades. */
export function habitAt(
  habits: Habits,
  index: number,
  now: number,
  { habitHalfLife }: TrustParameters,
): { undisputed: number; disputed: number } {
  const since = habits.at[index] ?? 0
  if (since === 0) return { undisputed: 0, disputed: 0 }
  const kept = fade(now - since, habitHalfLife)
  return {
    undisputed: (habits.undisputed[index] as number) * kept,
    disputed: (habits.disputed[index] as number) * kept,
  }
}
