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

  return {
    name,
    role,
    isUp: () => running !== undefined && running.child.exitCode === null,
    pid: () => running?.child.pid ?? 0,
    async up() {
      // What has ended by itself is started again: its trades must come to their end all the same.
      if (running !== undefined && running.child.exitCode === null) return
      const options: StartOptions = { name, script, env: environment(starts), onLine }
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
  }
}
