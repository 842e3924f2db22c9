import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import {
  createPublicClient,
  HttpRequestError,
  type PublicClient,
  ResponseBodyTooLargeError,
  RpcRequestError,
  TimeoutError,
} from 'viem'
import { rpc } from '../../../oracle/src/escrow/rpc.ts'

type Asked = { id: number; method: string; params?: unknown; connection: string; login?: string }

const asked: Asked[] = []
let answer: (response: ServerResponse, question: Asked) => void
let origin: string

const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  let text = ''
  for await (const part of request) text += part
  const { remotePort } = request.socket
  const { authorization: login } = request.headers
  const question = { ...JSON.parse(text), connection: String(remotePort), ...(login && { login }) }
  asked.push(question)
  answer(response, question)
})

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
after(() => {
  server.close()
  server.closeAllConnections()
})
beforeEach(() => {
  asked.length = 0
  answer = (response, { id }) => say(response, { jsonrpc: '2.0', id, result: '0x2a' })
})

function say(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}

function clientOf(options: Parameters<typeof rpc>[1] = {}, login = ''): PublicClient {
  const transport = rpc(`http://${login}${origin}/`, { retryCount: 0, ...options })
  return createPublicClient({ transport, cacheTime: 0 })
}

/** The first error of this kind among the causes of what was thrown. */
async function failure<T extends Error>(
  asking: Promise<unknown>,
  kind: abstract new (...a: never[]) => T,
) {
  const thrown = await asking.then(
    () => assert.fail('answered'),
    (error: Error) => error,
  )
  for (let error: unknown = thrown; error instanceof Error; error = error.cause) {
    if (error instanceof kind) return error
  }
  return assert.fail(String(thrown))
}

test('questions one after the other go over one connection, each with a number of its own', async () => {
  const client = clientOf()
  for (let i = 0; i < 5; i++) assert.equal(await client.getBlockNumber(), 42n)
  assert.deepEqual([...new Set(asked.map(({ connection }) => connection))].length, 1)
  assert.deepEqual([...new Set(asked.map(({ id }) => id))].length, 5)
  assert.deepEqual(asked[0]?.method, 'eth_blockNumber')
})

test('a name and a password of the address go as a header', async () => {
  await clientOf({}, 'me:secret@').getBlockNumber()
  assert.equal(asked[0]?.login, `Basic ${btoa('me:secret')}`)
})

test('what the node refuses keeps its code and its data, under any status', async () => {
  for (const status of [200, 400, 500]) {
    const error = { code: 3, message: 'execution reverted', data: '0xdeadbeef' }
    answer = (response, { id }) => say(response, { jsonrpc: '2.0', id, error }, status)
    const found = await failure(clientOf().getBlockNumber(), RpcRequestError)
    assert.equal(found.code, 3)
    assert.equal(found.data, '0xdeadbeef')
  }
})

test('null is an answer: there is no such receipt', async () => {
  answer = (response, { id }) => say(response, { jsonrpc: '2.0', id, result: null })
  const client = clientOf()
  assert.equal(
    await client.request({ method: 'eth_getBlockByNumber', params: ['0x1', false] }),
    null,
  )
})

test('whatever is no JSON-RPC is a failed request with its status, never an answer', async () => {
  for (const body of ['<html>', '', 'null', '[]', '7', '{}', '{"error":{"code":"x"}}']) {
    answer = (response) => say(response, body)
    const { status } = await failure(clientOf().getBlockNumber(), HttpRequestError)
    assert.equal(status, 200, body)
  }
  answer = (response, { id }) => say(response, { jsonrpc: '2.0', id, result: '0x2a' }, 404)
  assert.equal((await failure(clientOf().getBlockNumber(), HttpRequestError)).status, 404)
})

test('a node that is busy is asked again, after the time that it names', async () => {
  answer = (response, { id }) => {
    if (asked.length > 1) return say(response, { jsonrpc: '2.0', id, result: '0x2a' })
    response.writeHead(503, { 'Retry-After': '0' })
    response.end('busy')
  }
  assert.equal(await clientOf({ retryCount: 2 }).getBlockNumber(), 42n)
  assert.equal(asked.length, 2)
})

test('a connection that ends before the answer, or in its middle, is a failed request that is tried again', async () => {
  for (const begin of ['', '{"jsonrpc":']) {
    asked.length = 0
    answer = (response, { id }) => {
      if (asked.length > 1) return say(response, { jsonrpc: '2.0', id, result: '0x2a' })
      response.writeHead(200, { 'Content-Length': '1000' })
      response.write(begin, () => response.destroy())
    }
    assert.equal(await clientOf({ retryCount: 1 }).getBlockNumber(), 42n)
    assert.equal(asked.length, 2)
  }
})

test('an answer that goes on for ever is cut off, and so is one that never comes', async () => {
  answer = (response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(1 << 20, 32)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  }
  await failure(clientOf().getBlockNumber(), ResponseBodyTooLargeError)
  answer = () => {}
  await failure(clientOf({ timeoutMs: 50 }).getBlockNumber(), TimeoutError)
})

test('a node that is not there is a failed request', async () => {
  const transport = rpc('http://127.0.0.1:1/', { retryCount: 0 })
  await failure(createPublicClient({ transport }).getBlockNumber(), HttpRequestError)
})
