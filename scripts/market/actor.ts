import { type Running, type StartOptions, start } from '../local/process.ts'

type Said = Record<string, unknown>

/** A process that is killed and started again, always with the same store. */
export interface Actor {
  readonly name: string
  /** buyer, seller or oracle. */
  readonly role: string
  /** True between its being ready and its being killed. */
  isUp(): boolean
  /** 0 while it is not up. */
  pid(): number
  /** Starts it where it is not up. */
  up(): Promise<void>
  /** `kill -9`. */
  kill(): Promise<void>
  /** Asks it to end by itself and waits for that; false where it takes longer. */
  drain(milliseconds: number): Promise<boolean>
  /** Resolves with true the moment it says this step, with false when the time is over. */
  says(step: string, milliseconds: number): Promise<boolean>
  /** Tells those who wait that a step took place; for steps that others observe. */
  hear(said: Said): void
}

/** Makes an actor out of what it takes to start it; `environment` is asked at each start. */
export function createActor({
  name,
  role,
  script,
  environment,
  onLine = () => {},
  onCrash = () => {},
}: {
  name: string
  role: string
  script: string
  environment: (starts: number) => Record<string, string>
  onLine?: (said: Said) => void
  /** It ended with a failure and was neither killed nor asked to end; with its last words. */
  onCrash?: (why: string) => void
}): Actor {
  let running: Running<unknown> | undefined
  let starts = 0
  const waiting = new Set<(step: string) => void>()

  function hear(said: Said): void {
    onLine(said)
    for (const look of waiting) look(String(said.step))
  }

  return {
    name,
    role,
    hear,
    isUp: () => running !== undefined && running.child.exitCode === null,
    pid: () => running?.child.pid ?? 0,
    async up() {
      if (running !== undefined) return
      const options: StartOptions = { name, script, env: environment(starts), onLine: hear }
      const started = await start(options)
      running = started
      starts++
      started.child.once('exit', (code, signal) => {
        if (running !== started || code === 0) return
        onCrash(`ended with ${signal ?? code}\n${started.lastWords().join('\n')}`)
      })
    },
    async kill() {
      const victim = running
      running = undefined
      await victim?.kill()
    },
    async drain(milliseconds) {
      const child = running?.child
      if (child === undefined || child.exitCode !== null) return true
      return await new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), milliseconds)
        child.once('exit', () => {
          clearTimeout(timer)
          resolve(true)
        })
        child.kill('SIGTERM')
      })
    },
    says(step, milliseconds) {
      return new Promise((resolve) => {
        const end = (isSaid: boolean) => {
          clearTimeout(timer)
          waiting.delete(look)
          resolve(isSaid)
        }
        const look = (said: string) => said === step && end(true)
        const timer = setTimeout(() => end(false), milliseconds)
        waiting.add(look)
      })
    },
  }
}
