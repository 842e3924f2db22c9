import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestFetch } from '../../../../oracle/src/settlement/verify/guardedFetch.ts'

export type Received = { headers: Record<string, string | undefined>; body: Uint8Array }

/** A subscriber's server on this machine, and a way to it under the name `hooks.test`. */
export async function openReceiver() {
  const received: Received[] = []
  /** Status that it answers next; 0: hangs up. */
  const answers: number[] = []
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    received.push({
      headers: incoming.headers as Received['headers'],
      body: Uint8Array.from(Buffer.concat(chunks)),
    })
    const status = answers.shift() ?? 200
    if (status === 0) return incoming.socket.destroy()
    outgoing.writeHead(status).end('thank you')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const fetch: TestFetch = (test) =>
    new Promise((resolve) => {
      const { pathname } = new URL(test.url)
      const outgoing = request(
        { port, host: '127.0.0.1', path: pathname, method: test.method, headers: test.headers },
        (incoming) => {
          incoming.resume()
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              contentType: null,
              body: new Uint8Array(),
            }),
          )
        },
      )
      outgoing.on('error', () => resolve(null))
      outgoing.end(test.body ?? undefined)
    })
  return {
    received,
    answers,
    port,
    fetch,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type Receiver = Awaited<ReturnType<typeof openReceiver>>
