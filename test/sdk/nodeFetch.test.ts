import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { nodeFetch } from '../../sdk/src/nodeFetch.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown

/** What the server does, by path. */
const answers: Record<string, Answer> = {
  async '/echo'(response, request) {
    let text = ''
    for await (const part of request) text += part
    const { method, headers, socket } = request
    response.setHeader('x-port', String(socket.remotePort))
    response.end(JSON.stringify({ method, text, headers }))
  },
  '/there': (response) => response.writeHead(302, { location: '/echo' }).end(),
  '/nothing': (response) => response.writeHead(204).end(),
  '/no-status': (response) => {
    response.socket?.end('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n')
  },
  '/silent': () => {},
  '/broken': (response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half', () => response.destroy())
  },
  // These two begin and never end by themselves.
  '/events': (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
  },
  '/long': (response) => response.write(Buffer.alloc(300_000, 'a')),
}

const server = createServer((request, response) => {
  void answers[request.url ?? '']?.(response, request)
})
let url: string

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
})

const failed = { name: 'TypeError', message: 'fetch failed' }

/** Everything that a fetch has to do alike, whoever does it. */
for (const [name, fetch] of Object.entries({ nodeFetch, platform: globalThis.fetch })) {
  describe(`fetch: ${name}`, () => {
    test('sends strings and bytes with their headers and reads the answer', async () => {
      for (const body of ['{"é":1}', new TextEncoder().encode('{"é":1}')]) {
        const headers = new Headers({ 'content-type': 'application/json', 'x-own': 'yes' })
        const response = await fetch(`${url}/echo`, { method: 'POST', headers, body })
        assert.ok(response.ok)
        const said = (await response.json()) as { text: string; headers: Record<string, string> }
        assert.equal(said.text, '{"é":1}')
        assert.equal(said.headers['x-own'], 'yes')
        assert.equal(said.headers['content-length'], '8')
      }
    })

    test('says null for a body where there can be none', async () => {
      const empty = await fetch(`${url}/nothing`)
      assert.deepEqual([empty.status, empty.body], [204, null])
      assert.equal((await fetch(`${url}/echo`, { method: 'HEAD' })).body, null)
    })

    test('follows a redirect, hands it on, or refuses it', async () => {
      assert.equal((await fetch(`${url}/there`)).url, `${url}/echo`)
      assert.equal((await fetch(`${url}/there`, { redirect: 'manual' })).status, 302)
      await assert.rejects(fetch(`${url}/there`, { redirect: 'error' }), failed)
    })

    test('sends what is no plain body', async () => {
      const body = new URLSearchParams({ a: '1' })
      const response = await fetch(new Request(`${url}/echo`, { method: 'POST', body }))
      assert.equal(((await response.json()) as { text: string }).text, 'a=1')
      const again = await fetch(`${url}/echo`, { method: 'POST', body })
      assert.equal(((await again.json()) as { text: string }).text, 'a=1')
    })

    test('error: nobody there, a protocol that is none', async () => {
      await assert.rejects(fetch('http://127.0.0.1:1/'), failed)
      await assert.rejects(fetch('ftp://127.0.0.1/'), failed)
    })

    test('error: an answer that breaks off', async () => {
      const read = async () => await (await fetch(`${url}/broken`)).text()
      await assert.rejects(read(), { name: 'TypeError' })
    })

    test('error: ends with the reason of the signal, at once or while it waits', async () => {
      const reason = new Error('enough')
      const over = AbortSignal.abort(reason)
      await assert.rejects(fetch(`${url}/echo`, { signal: over }), reason)
      const control = new AbortController()
      const waiting = fetch(`${url}/silent`, { signal: control.signal })
      setImmediate(() => control.abort(reason))
      await assert.rejects(waiting, reason)
    })

    test('behavior: what is long or never ends comes as a stream, which a signal ends', async () => {
      for (const path of ['/events', '/long']) {
        const control = new AbortController()
        const { body } = await fetch(url + path, { signal: control.signal })
        const reader = body?.getReader()
        let size = 0
        while (size < (path === '/long' ? 300_000 : 9)) {
          const { value, done } = (await reader?.read()) ?? { done: true }
          assert.ok(!done)
          size += value?.length ?? 0
        }
        control.abort()
        await assert.rejects(async () => await reader?.read())
      }
    })

    test('behavior: a stream that its reader leaves is closed', async () => {
      const closed = new Promise<void>((resolve) => {
        answers['/left'] = (response) => {
          response.on('close', resolve)
          response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
        }
      })
      await (await fetch(`${url}/left`)).body?.cancel()
      await closed
    })
  })
}

test('behavior: one request after the other goes over one connection', async () => {
  const ports = []
  for (let count = 0; count < 3; count++) {
    const response = await nodeFetch(`${url}/echo`)
    await response.text()
    ports.push(response.headers.get('x-port'))
  }
  assert.equal(new Set(ports).size, 1)
})

test('error: a status that no answer can have ends the request and not the process', async () => {
  await assert.rejects(nodeFetch(`${url}/no-status`), failed)
})
