/** Seconds of a day. */
export const DAY = 86_400

/** Window of the figures whose names end in `90d`: an event exactly 90 days old still counts. */
export const WINDOW_90D = 90 * DAY

/** Window of a buyer's disputes (W-16). */
export const WINDOW_180D = 180 * DAY

/** True while an event is not older than the window. */
export function isWithin(window: number, at: number, now: number): boolean {
  return at <= now && now - at <= window
}
