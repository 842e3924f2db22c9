import { createServer, type IncomingMessage, type Server } from 'node:http'
import { Readable } from 'node:stream'

/** Serves a fetch handler on a port of this machine; a proxy in front of it brings TLS. */
export async function listen(
  handle: (request: Request) => Response | Promise<Response>,
  { port, host }: { port: number; host: string },
): Promise<Server> {
  const server = createServer(async (incoming, outgoing) => {
    try {
      const response = await handle(requestOf(incoming))
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      if (!response.body) return outgoing.end()
      const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
      outgoing.on('close', () => body.destroy())
      body.on('error', () => outgoing.destroy())
      return body.pipe(outgoing)
    } catch {
      // Nothing of what went wrong is a stranger's business.
      if (!outgoing.headersSent) outgoing.writeHead(500)
      return outgoing.end()
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return server
}

function requestOf(incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/', headers } = incoming
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(new URL(url, `http://${headers.host ?? 'localhost'}`), {
    method,
    headers: Object.entries(headers).flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value ?? '']).map((one): [string, string] => [name, one]),
    ),
    ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' }),
  } as RequestInit)
}
