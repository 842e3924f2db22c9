import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))

export type Process<ready> = {
  ready: ready
  child: ChildProcess
  /** Ends it with a signal and waits until it is gone. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}

/** Starts a script of the repo with this Node and waits for its `{"ready": …}` line. */
export async function startProcess<ready>(
  script: string,
  env: Record<string, string>,
): Promise<Process<ready>> {
  const child = spawn(process.execPath, [script], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve))
  let errors = ''
  child.stderr.on('data', (part) => {
    errors = `${errors}${part}`.slice(-4000)
  })
  const ready = await new Promise<ready>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{"ready"')) resolve(JSON.parse(line).ready)
    })
    void gone.then((code) => reject(new Error(`${script} ended with ${code}: ${errors}`)))
  })
  return {
    ready,
    child,
    async end(signal) {
      child.kill(signal)
      return gone
    },
  }
}
