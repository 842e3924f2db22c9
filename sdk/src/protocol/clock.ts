/** The one source of time of everything that judges deadlines (DRV-05). */
export interface Clock {
  /** Unix seconds. */
  now(): number
}

/** A clock that stands still until it is moved; for simulation and replay. */
export function createManualClock(start: number): Clock & { set(seconds: number): void } {
  let current = start
  return {
    now: () => current,
    set: (seconds) => {
      current = seconds
    },
  }
}
