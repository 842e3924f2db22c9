import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Where Node keeps what it compiled, so that the next process starts sooner. */
export const compileCache = join(root, 'node_modules/.cache/node')

/** A process of this repository: its first JSON line with a `ready` key says where it listens. */
export type Running<ready> = {
  name: string
  ready: ready
  child: ChildProcess
  /** The lines that it printed last. */
  lastWords(): readonly string[]
  /** Asks it to end, and makes it after 5 s. */
  stop(): Promise<void>
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>
}

/**
 * Which script, under what name, with which environment besides PATH and HOME. Where that is known later,
 * the process loads its modules meanwhile.
 */
export type StartOptions = {
  name: string
  script: string
  env?: Record<string, string> | Promise<Record<string, string>>
  /** Gets every JSON line that the process prints after it is ready. */
  onLine?: (said: Record<string, unknown>) => void
}

/**
 * Starts `script` with this Node and waits until it prints `{"ready": …}`.
 * @throws Error with the process's last lines when it ends or stays silent for 180 s.
 */
export async function start<ready>({
  name,
  script,
  env = {},
  onLine = () => {},
}: StartOptions): Promise<Running<ready>> {
  const later = env instanceof Promise ? env : undefined
  const now = env instanceof Promise ? {} : env
  const child = spawn(process.execPath, later ? ['scripts/local/late.ts', script] : [script], {
    cwd: root,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? '',
      NODE_COMPILE_CACHE: compileCache,
      ...now,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // A process that is gone by now is missed by its exit.
  child.stdin.on('error', () => {})
  if (later === undefined) child.stdin.end()
  const last: string[] = []
  const keep = (line: string) => {
    last.push(line)
    if (last.length > 20) last.shift()
  }
  createInterface({ input: child.stderr }).on('line', keep)
  const ready = await new Promise<ready>((resolve, reject) => {
    const timer = setTimeout(() => fail('did not become ready within 180 s'), 180_000)
    const fail = (why: string) => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`${name} ${why}\n${last.join('\n')}`))
    }
    child.once('exit', (code, signal) => fail(`ended with ${signal ?? code}`))
    later?.then(
      (known) => child.stdin.end(`${JSON.stringify(known)}\n`),
      (error) => fail(`has no environment: ${error}`),
    )
    createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line)
      const said = parse(line)
      if (said === undefined) return
      if (!('ready' in said)) return onLine(said)
      clearTimeout(timer)
      resolve(said.ready as ready)
    })
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(force)
  }
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }
  return { name, ready, child, lastWords: () => last, stop, kill }
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const said: unknown = JSON.parse(line)
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
