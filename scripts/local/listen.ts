import { type ServerType, serve } from '@hono/node-server'

/**
 * Serves on a port of this machine before it is known who answers there, since a seller's card names its own
 * address; until then it says that it starts.
 * @param answering Gives who answers by now.
 * @param port Default: any that is free.
 */
export async function listen(
  answering: () => ((request: Request) => Response | Promise<Response>) | undefined,
  port = 0,
): Promise<{ url: string; server: ServerType }> {
  const server = serve({
    fetch: (request) => answering()?.(request) ?? new Response('starting', { status: 503 }),
    hostname: '127.0.0.1',
    port,
  })
  const bound = await new Promise<number>((resolve) => {
    server.once('listening', () => {
      const address = server.address()
      if (typeof address === 'object' && address) resolve(address.port)
    })
  })
  return { url: `http://127.0.0.1:${bound}`, server }
}
