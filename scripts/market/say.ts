import { writeSync } from 'node:fs'

/** Prints one JSON line at once, so that a process killed in the next instant has said it. */
export function say(event: Record<string, unknown>): void {
  const line = `${JSON.stringify(event)}\n`
  for (;;) {
    try {
      writeSync(1, line)
      return
    } catch (error) {
      // A pipe that is full for a moment.
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error
    }
  }
}
