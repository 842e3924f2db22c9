import type { Hono } from 'hono'
import { listen } from '../../scripts/local/listen.ts'

/** Serves an oracle's app on a port of this machine, where a browser reaches it. */
export async function startSite(): Promise<{
  url: string
  /** From now on this is what answers. */
  show(app: Hono): void
  close(): Promise<void>
}> {
  let app: Hono | undefined
  const { url, server } = await listen(() => app?.fetch)
  return {
    // A browser keeps keys on this name alone, where there is no TLS.
    url: url.replace('127.0.0.1', 'localhost'),
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
