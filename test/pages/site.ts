import { serve } from '@hono/node-server'
import type { Hono } from 'hono'

/** Serves an oracle's app on a port of this machine, where a browser reaches it. */
export async function startSite(): Promise<{
  url: string
  /** From now on this is what answers. */
  show(app: Hono): void
  close(): Promise<void>
}> {
  let app: Hono | undefined
  const server = serve({
    fetch: (request) => app?.fetch(request) ?? new Response('starting', { status: 503 }),
    hostname: '127.0.0.1',
    port: 0,
  })
  const port = await new Promise<number>((resolve) => {
    server.on('listening', () => {
      const bound = server.address()
      resolve(typeof bound === 'object' && bound ? bound.port : 0)
    })
  })
  return {
    url: `http://localhost:${port}`,
    show(next) {
      app = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        if ('closeAllConnections' in server) server.closeAllConnections()
      }),
  }
}
