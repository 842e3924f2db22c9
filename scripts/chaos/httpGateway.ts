import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { pactArbiterAbi, pactEscrowAbi } from '@earnest/contracts'
import { decodeFunctionData, type Hex, parseTransaction } from 'viem'
import type { Gate } from './gate.ts'

/** A call on its way from one process to another. */
type Call = { method: string; url: string; headers: IncomingMessage['headers']; body: string }

/** A gateway in front of one server. */
export type HttpGateway = {
  url: string
  /** From now on, until it is mended, nothing goes through, as if its server were dead. */
  cut(): void
  mend(): void
  close(): Promise<void>
}

/**
 * Stands in front of an HTTP server: each call that is a step is held before it is made, and once it is
 * answered before its caller knows. The called process passes the gate too, as the one who answers.
 */
export async function openHttpGateway({
  gate,
  target,
  caller,
  callee,
}: {
  gate: Gate
  target: string
  /** Who makes a call; undefined where nobody knows. */
  caller: (call: Call) => string | undefined
  callee?: string
}): Promise<HttpGateway> {
  const agent = new Agent({ keepAlive: true })
  let isCut = false

  async function relay(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await readAll(incoming)
    const { method = 'GET', url = '/', headers } = incoming
    const call: Call = { method, url, headers, body: bytes.toString('latin1') }
    const step = stepOf(call)
    const who = caller(call)
    const drop = () => void response.destroy()
    if (step !== undefined && who && !(await gate.pass(who, step, 'before'))) return drop()
    if (step !== undefined && callee && !(await gate.pass(callee, `answers ${step}`, 'before'))) {
      return drop()
    }
    const answer = await forward(new URL(url, target), { call, bytes, agent, response })
    const { statusCode = 502, headers: kept } = answer
    if (/event-stream/.test(kept['content-type'] ?? '')) {
      response.writeHead(statusCode, kept)
      for await (const chunk of answer) {
        for (const [, type] of String(chunk).matchAll(/"type":"(\w+)"/g)) {
          if (who && !(await gate.pass(who, `hears ${type}`, 'before'))) return drop()
        }
        response.write(chunk)
      }
      response.end()
      return
    }
    const whole = await readAll(answer)
    // What was refused has had no effect.
    if (step !== undefined && statusCode < 300) {
      if (callee && !(await gate.pass(callee, `answers ${step}`, 'after'))) return drop()
      if (who && !(await gate.pass(who, step, 'after'))) return drop()
    }
    response.writeHead(statusCode, kept)
    response.end(whole)
  }

  const server: Server = createServer((incoming, response) => {
    if (isCut) return void response.destroy()
    // Either side may be killed at any moment; the other sees its connection break.
    relay(incoming, response).catch(() => response.destroy())
  })
  // No call fails but by a kill: a connection that is closed for its idleness fails the next one.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    cut() {
      isCut = true
      server.closeAllConnections()
    },
    mend() {
      isCut = false
    },
    async close() {
      agent.destroy()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function forward(
  url: URL,
  {
    call,
    bytes,
    agent,
    response,
  }: { call: Call; bytes: Buffer; agent: Agent; response: ServerResponse },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { method, headers } = call
    const outgoing = request(url, { method, headers, agent }, resolve)
    outgoing.once('error', reject)
    // A stream ends with whoever listens to it.
    response.once('close', () => outgoing.destroy())
    outgoing.end(bytes)
  })
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What a call changes, in words; undefined where it changes nothing. */
function stepOf({ method, url, body }: Call): string | undefined {
  if (method !== 'POST' && method !== 'PUT') return undefined
  const taskType = /"taskType":"(\w+)"/.exec(body)?.[1]
  if (taskType !== undefined) return `asks ${taskType}`
  const route = /^\/api\/v1\/(.*)/.exec(url)?.[1]
  if (route !== undefined) return `${method} ${nameOf(route, body)}`
  const raw = /"eth_sendRawTransaction","params":\["(0x[0-9a-f]+)"/.exec(body)?.[1]
  return raw === undefined ? undefined : `sends ${verbOf(raw as Hex)}`
}

function nameOf(route: string, body: string): string {
  const named = /^(\w+)(?:\/[^/]+\/(\w+))?/.exec(route)
  const noun = named?.[2] ?? named?.[1] ?? route
  const data = /"data":"(0x[0-9a-f]+)"/.exec(body)?.[1]
  return noun === 'relay' && data !== undefined ? `relay ${functionOf(data as Hex)}` : noun
}

function verbOf(raw: Hex): string {
  const { data } = parseTransaction(raw)
  return data === undefined ? 'nothing' : functionOf(data)
}

function functionOf(data: Hex): string {
  for (const abi of [pactEscrowAbi, pactArbiterAbi]) {
    try {
      return decodeFunctionData({ abi, data }).functionName
    } catch {
      // It is the other contract's.
    }
  }
  return data.slice(0, 10)
}
