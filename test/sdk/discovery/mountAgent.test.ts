import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AgentCard, Role, TaskState } from '@a2a-js/sdk'
import { ClientFactory, JsonRpcTransportFactory } from '@a2a-js/sdk/client'
import { AgentEvent, type AgentExecutor } from '@a2a-js/sdk/server'
import { mountAgent } from '../../../sdk/src/discovery/mountAgent.ts'
import { createMemoryStore } from '../../../sdk/src/memoryStore.ts'
import { createTaskStore } from '../../../sdk/src/taskStore.ts'

const uri = 'https://example.org/ext/v1'

function cardOf({ legacy = false, required = false } = {}) {
  const url = 'http://agent.test/a2a'
  return {
    name: 'Echo',
    description: 'Says it back',
    version: '1.0.0',
    supportedInterfaces: [
      { url, protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
      ...(legacy ? [{ url, protocolBinding: 'JSONRPC', protocolVersion: '0.3' }] : []),
    ],
    capabilities: {
      streaming: true,
      extensions: [{ uri, ...(required ? { required: true } : {}) }],
    },
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['text/plain'],
    skills: [{ id: 'echo', name: 'Echo', description: 'Echo', tags: ['echo'] }],
  }
}

const echo: AgentExecutor = {
  async execute({ taskId, contextId, userMessage }, bus) {
    const message = {
      messageId: `answer-${userMessage.messageId}`,
      contextId,
      taskId,
      role: Role.ROLE_AGENT,
      parts: userMessage.parts,
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    }
    const status = { state: TaskState.TASK_STATE_WORKING, message: undefined, timestamp: undefined }
    bus.publish(
      AgentEvent.task({
        id: taskId,
        contextId,
        status,
        artifacts: [],
        history: [],
        metadata: undefined,
      }),
    )
    bus.publish(
      AgentEvent.statusUpdate({
        taskId,
        contextId,
        status: { ...status, state: TaskState.TASK_STATE_INPUT_REQUIRED, message },
        metadata: undefined,
      }),
    )
  },
  async cancelTask() {},
}

/** What the tests read of an answer. */
interface Answer {
  id: number | string
  result: {
    id: string
    task: { id: string }
    status: { state: string; message: { parts: unknown[] } }
  }
  error: { code: number }
}

async function read(response: Response | Promise<Response>): Promise<Answer> {
  return (await (await response).json()) as Answer
}

function send(
  app: ReturnType<typeof mountAgent>,
  body: unknown,
  { path = '/a2a', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return app.request(path, {
    method: 'POST',
    body: text,
    headers: { 'content-type': 'application/json', 'a2a-version': '1.0', ...headers },
  })
}

const message = { messageId: 'm1', role: 'ROLE_USER', parts: [{ text: 'hello' }] }
const call = { jsonrpc: '2.0', id: 7, method: 'SendMessage', params: { message } }

describe('mountAgent', () => {
  test('a stock client sends, streams and reads its task', async () => {
    const app = mountAgent({ card: cardOf(), executor: echo })
    const fetchImpl = ((input: string | URL | Request, init?: RequestInit) =>
      app.request(String(input), init)) as typeof fetch
    const factory = new ClientFactory({ transports: [new JsonRpcTransportFactory({ fetchImpl })] })
    const client = await factory.createFromAgentCard(AgentCard.fromJSON(cardOf()))
    const request = {
      tenant: '',
      message: {
        messageId: 'm1',
        contextId: '',
        taskId: '',
        role: Role.ROLE_USER,
        parts: [
          {
            content: { $case: 'text' as const, value: 'hello' },
            metadata: undefined,
            filename: '',
            mediaType: '',
          },
        ],
        metadata: undefined,
        extensions: [],
        referenceTaskIds: [],
      },
      configuration: undefined,
      metadata: undefined,
    }
    const task = await client.sendMessage(request)
    assert.ok('id' in task)
    assert.equal(task.status?.state, TaskState.TASK_STATE_INPUT_REQUIRED)
    const known = await client.getTask({ tenant: '', id: task.id, historyLength: undefined })
    assert.equal(known.id, task.id)
    const states: string[] = []
    for await (const event of client.sendMessageStream(request)) {
      states.push(event.payload?.$case ?? '')
    }
    assert.deepEqual(states, ['task', 'statusUpdate'])
  })

  test('both spellings of the path answer', async () => {
    const app = mountAgent({ card: cardOf(), executor: echo })
    for (const path of ['/a2a', '/a2a/']) {
      const body = await read(send(app, call, { path }))
      assert.equal(body.id, 7)
      assert.ok(body.result.task.id)
    }
  })

  const refusals: [string, unknown, Record<string, string>, number][] = [
    ['another content type', call, { 'content-type': 'text/plain' }, -32005],
    ['text that is no JSON', '{"jsonrpc":', {}, -32700],
    ['a batch', [call], {}, -32600],
    ['another JSON-RPC version', { ...call, jsonrpc: '1.0' }, {}, -32600],
    ['no method', { jsonrpc: '2.0', id: 1 }, {}, -32600],
    ['an id that is an object', { ...call, id: {} }, {}, -32600],
    ['params that are a list', { ...call, params: [] }, {}, -32602],
    ['an unknown method', { ...call, method: 'Nope' }, {}, -32601],
    ['a message without an id', { ...call, params: { message: { parts: [] } } }, {}, -32602],
    ['an unknown task', { ...call, method: 'GetTask', params: { id: 'nope' } }, {}, -32001],
    ['no version, for a card that speaks 1.0 only', call, { 'a2a-version': '' }, -32009],
    ['a version of the future', call, { 'a2a-version': '9.9' }, -32009],
  ]
  for (const [what, body, headers, code] of refusals) {
    test(`error: ${what} answers ${code}`, async () => {
      const app = mountAgent({ card: cardOf(), executor: echo })
      const response = await send(app, body, { headers })
      assert.equal((await read(response)).error.code, code)
    })
  }

  test('error: a body above the limit is refused before it is read to the end', async () => {
    const app = mountAgent({ card: cardOf(), executor: echo, maxBodyBytes: 1000 })
    const response = await send(app, `"${'x'.repeat(2000)}"`)
    assert.equal(response.status, 413)
    assert.equal((await read(response)).error.code, -32600)
  })

  test('behavior: nothing is told before it is settled, and nothing where that fails', async () => {
    const store = createMemoryStore()
    const tasks = createTaskStore(store)
    const me = { isAuthenticated: true, userName: 'me' }
    let isFull = false
    const app = mountAgent({
      card: cardOf(),
      executor: echo,
      taskStore: tasks,
      authenticate: async () => me,
      async settle() {
        if (isFull) throw new Error('no space')
        await tasks.flush()
      },
    })
    const { result } = await read(send(app, call))
    const [key = ''] = await store.keys('task/me/')
    assert.equal(key, `task/me/${result.task.id}`)
    const states: string[] = []
    const stream = await send(app, { ...call, method: 'SendStreamingMessage' })
    for await (const bytes of stream.body ?? assert.fail()) {
      states.push(new TextDecoder().decode(bytes))
      // Of the task that is told here: its state on disk is at least the one that was told.
      assert.equal((await store.keys('task/me/')).length, 2)
    }
    assert.equal(states.length, 2)
    isFull = true
    assert.equal((await read(send(app, call))).error.code, -32603)
    const broken = await send(app, { ...call, method: 'SendStreamingMessage' })
    assert.equal((await read(broken)).error.code, -32603)
  })

  test('error: a fault of ours says nothing of itself, in either dialect, as an answer and within a stream', async () => {
    let left = 0
    const faulty = mountAgent({
      card: cardOf({ legacy: true }),
      executor: echo,
      taskStore: {
        load: async () => {
          throw new Error('no route to db-7 with key sk-secret')
        },
        save: async () => {},
        list: async () => assert.fail(),
      } as never,
    })
    const breaking = mountAgent({
      card: cardOf({ legacy: true }),
      executor: echo,
      async settle() {
        if (left-- <= 0) throw new Error('no space on db-7 with key sk-secret')
      },
    })
    const params = { id: 't', message: { ...message, taskId: 't' } }
    const old = { 'a2a-version': '0.3' }
    const parts = [{ kind: 'text', text: 'hi' }]
    const oldMessage = { kind: 'message', messageId: 'm', role: 'user', parts }
    const shots: [typeof faulty, string, object, Record<string, string>][] = [
      [faulty, 'GetTask', params, {}],
      [faulty, 'SendMessage', params, {}],
      [faulty, 'SendStreamingMessage', params, {}],
      [faulty, 'tasks/get', params, old],
      [faulty, 'message/send', { message: { ...oldMessage, taskId: 't' } }, old],
      [breaking, 'SendMessage', { message }, {}],
      [breaking, 'SendStreamingMessage', { message }, {}],
      [breaking, 'message/stream', { message: oldMessage }, old],
    ]
    for (const [app, method, asked, headers] of shots) {
      // Before the first event it is a plain answer, after it the last event of the stream.
      for (const told of /stream/i.test(method) ? [0, 1] : [0]) {
        left = told
        const answer = await send(app, { ...call, method, params: asked }, { headers })
        const text = await answer.text()
        assert.match(text, /-32603/, `${method}: ${text}`)
        assert.doesNotMatch(text, /sk-secret|db-7/, method)
      }
    }
  })

  test('behavior: declared extensions are echoed, a required one must be declared by the client', async () => {
    const app = mountAgent({ card: cardOf({ required: true }), executor: echo })
    const without = await send(app, call)
    assert.equal((await read(without)).error.code, -32008)
    const headers = { 'a2a-extensions': `${uri}, https://example.org/unknown` }
    const response = await send(app, call, { headers })
    assert.ok((await read(response)).result.task)
    assert.equal(response.headers.get('a2a-extensions'), uri)
  })

  test('message/send of 0.3 and tasks/send of the first drafts are answered where the card names 0.3', async () => {
    const app = mountAgent({ card: cardOf({ legacy: true, required: true }), executor: echo })
    const old = {
      jsonrpc: '2.0',
      id: 'a',
      method: 'message/send',
      params: {
        message: {
          kind: 'message',
          messageId: 'm',
          role: 'user',
          parts: [{ kind: 'text', text: 'hi' }],
        },
      },
    }
    const headers = { 'a2a-version': '', 'x-a2a-extensions': uri }
    const answered = await read(send(app, old, { headers }))
    assert.equal(answered.result.status.state, 'input-required')

    const oldest = {
      jsonrpc: '2.0',
      id: 'b',
      method: 'tasks/send',
      params: { id: 't', message: { role: 'user', parts: [{ type: 'text', text: 'hi' }] } },
    }
    const task = await read(send(app, oldest, { headers: { 'a2a-version': '' } }))
    assert.deepEqual(task.result.status.message.parts[0], { type: 'text', text: 'hi' })

    const bare = { ...oldest, params: { taskType: 'echo', payload: { a: 1 } } }
    const data = await read(send(app, bare, { headers: { 'a2a-version': '' } }))
    assert.deepEqual(data.result, { taskType: 'echo', payload: { a: 1 } })

    const junk = await send(app, { ...oldest, params: {} }, { headers: { 'a2a-version': '' } })
    assert.equal((await read(junk)).error.code, -32602)
  })

  test('behavior: a caller sees only its own tasks, and a refused one gets 401', async () => {
    const app = mountAgent({
      card: cardOf(),
      executor: echo,
      authenticate: async (request) => {
        const userName = request.headers.get('authorization')
        if (!userName) throw new Error('who?')
        return { isAuthenticated: true, userName }
      },
    })
    assert.equal((await send(app, call)).status, 401)
    const sent = await send(app, call, { headers: { authorization: 'ann' } })
    const { id } = (await read(sent)).result.task
    const get = { ...call, method: 'GetTask', params: { id } }
    const ann = await read(send(app, get, { headers: { authorization: 'ann' } }))
    assert.equal(ann.result.id, id)
    const bob = await read(send(app, get, { headers: { authorization: 'bob' } }))
    assert.equal(bob.error.code, -32001)
  })

  test('behavior: a task that may not be cancelled stays', async () => {
    const app = mountAgent({ card: cardOf(), executor: echo, isCancelable: async () => false })
    const { id } = (await read(send(app, call))).result.task
    const cancel = { ...call, method: 'CancelTask', params: { id } }
    assert.equal((await read(send(app, cancel))).error.code, -32002)
  })

  test('behavior: the card is served as given, with ETag, Cache-Control and Last-Modified', async () => {
    const app = mountAgent({ card: cardOf(), executor: echo, lastModified: 1_700_000_000 })
    const response = await app.request('/.well-known/agent-card.json')
    assert.deepEqual(await response.json(), cardOf())
    assert.match(response.headers.get('cache-control') ?? '', /max-age=\d+/)
    assert.equal(response.headers.get('last-modified'), 'Tue, 14 Nov 2023 22:13:20 GMT')
    const headers = { 'if-none-match': response.headers.get('etag') ?? '' }
    const again = await app.request('/.well-known/agent-card.json', { headers })
    assert.equal(again.status, 304)
  })
})
