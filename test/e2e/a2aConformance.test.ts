import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { AGENT_CARD_PATH } from '@a2a-js/sdk'
import { openQuietSeller } from './a2a/quietSeller.ts'
import { cardOf, REQUIRED, scripted } from './a2a/scripted.ts'
import { cardShape, eventShape, listShape, reasons, sentShape, taskShape } from './a2a/shape.ts'
import { begin, messageOf, open, post, rpc, type Subject, type Wire } from './a2a/subject.ts'

/** A refusal with its code, and the reason that section 5.4 wants beside an A2A code. */
async function refused(
  subject: Subject,
  method: string,
  params: unknown,
  code: number,
  headers: Record<string, string> = {},
): Promise<void> {
  const { error } = await rpc(subject, method, params, headers)
  assert.equal(error?.code, code)
  if (reasons[code] === undefined) return
  const info = error?.data?.find(
    (each) => each['@type'] === 'type.googleapis.com/google.rpc.ErrorInfo',
  )
  assert.equal(info?.reason, reasons[code])
  assert.equal(info?.domain, 'a2a-protocol.org')
}

const stateOf = (event: Wire | undefined) => {
  const { task, statusUpdate } = (event ?? {}) as Record<
    string,
    { status: { state: string } } | undefined
  >
  return (task ?? statusUpdate)?.status.state
}

/** Every MUST of the A2A 1.0 JSON-RPC binding that both an empty executor and a seller can meet. */
function everyAgent(name: string, make: () => Promise<Subject>): void {
  describe(`A2A 1.0, ${name}`, () => {
    let subject: Subject
    before(async () => {
      subject = await make()
    })

    test('3.1.1 SendMessage answers a task or a message of exactly the specified shape', async () => {
      const { result, response } = await rpc(subject, 'SendMessage', {
        message: messageOf(subject.ids.open),
      })
      sentShape.parse(result)
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
    })

    test('3.1.1 a media type that the card does not list answers -32005', async () => {
      const parts = [{ raw: 'AAAA', mediaType: 'application/x-unheard-of' }]
      const params = { message: messageOf(subject.ids.open, { parts }) }
      await refused(subject, 'SendMessage', params, -32005)
      await refused(subject, 'SendStreamingMessage', params, -32005)
    })

    test('3.1.1 a message to a task that has ended answers -32004', async () => {
      const { id } = await begin(subject, subject.ids.open)
      await rpc(subject, 'CancelTask', { id })
      await refused(
        subject,
        'SendMessage',
        { message: messageOf(subject.ids.open, { taskId: id }) },
        -32004,
      )
    })

    test('3.1.2 a stream begins with the task, its events have the specified shape, it ends with the turn', async () => {
      const stream = await open(subject, 'SendStreamingMessage', {
        message: messageOf(subject.ids.open),
      })
      const events = await stream.rest()
      assert.ok('task' in (events[0] ?? {}))
      assert.equal(stateOf(events.at(-1)), 'TASK_STATE_INPUT_REQUIRED')
      for (const event of events) eventShape.parse(event)
    })

    test('3.1.3 GetTask answers the task as it is, and -32001 for one that is not there', async () => {
      const { id } = await begin(subject, subject.ids.open)
      const { result } = await rpc(subject, 'GetTask', { id })
      assert.equal(taskShape.parse(result).id, id)
      await refused(subject, 'GetTask', { id: 'nowhere' }, -32001)
    })

    test('3.1.4 ListTasks pages by cursor, newest first, without artifacts unless asked, an empty token last', async () => {
      const { contextId } = await begin(subject, subject.ids.open)
      for (let i = 0; i < 3; i++) {
        await new Promise((resolve) => setTimeout(resolve, 2))
        await rpc(subject, 'SendMessage', { message: messageOf(subject.ids.open, { contextId }) })
      }
      const seen: string[] = []
      const times: string[] = []
      let pageToken = ''
      do {
        const params = { contextId, pageSize: 2, ...(pageToken !== '' && { pageToken }) }
        const { result } = await rpc(subject, 'ListTasks', params)
        const page = listShape.parse(result)
        assert.ok(page.tasks.length <= 2)
        assert.equal(page.totalSize, 4)
        for (const task of page.tasks) {
          assert.equal('artifacts' in task, false)
          seen.push(task.id)
          times.push(task.status.timestamp ?? '')
        }
        pageToken = page.nextPageToken
      } while (pageToken !== '')
      assert.equal(new Set(seen).size, 4)
      assert.deepEqual(times, times.toSorted().reverse())
      await refused(subject, 'ListTasks', { pageSize: 101 }, -32602)
    })

    test('3.1.5 CancelTask answers the cancelled task, -32002 for one that has ended, -32001 for none', async () => {
      const { id } = await begin(subject, subject.ids.open)
      const { result } = await rpc(subject, 'CancelTask', { id })
      assert.equal(taskShape.parse(result).status.state, 'TASK_STATE_CANCELED')
      await refused(subject, 'CancelTask', { id }, -32002)
      await refused(subject, 'CancelTask', { id: 'nowhere' }, -32001)
    })

    test('3.1.6 SubscribeToTask answers -32001 for no task and -32004 for one that has ended', async () => {
      await refused(subject, 'SubscribeToTask', { id: 'nowhere' }, -32001)
      const { id } = await begin(subject, subject.ids.open)
      await rpc(subject, 'CancelTask', { id })
      await refused(subject, 'SubscribeToTask', { id }, -32004)
    })

    test('3.2.4 a history is never longer than was asked for', async () => {
      const { id } = await begin(subject, subject.ids.open)
      await rpc(subject, 'SendMessage', { message: messageOf(subject.ids.open, { taskId: id }) })
      for (const historyLength of [0, 1]) {
        const { result } = await rpc(subject, 'GetTask', { id, historyLength })
        assert.ok((taskShape.parse(result).history?.length ?? 0) <= historyLength)
      }
    })

    test('3.3.2 input is checked before anything happens', async () => {
      await refused(subject, 'SendMessage', {}, -32602)
      await refused(subject, 'SendMessage', { message: { role: 'ROLE_USER', parts: [] } }, -32602)
      await refused(subject, 'SendMessage', [], -32602)
      await refused(subject, 'GetTask', {}, -32602)
      await refused(subject, 'NoSuchMethod', {}, -32601)
    })

    test('3.3.4 what the card does not offer is refused by its own code', async () => {
      const config = { taskId: 't', url: 'https://example.org' }
      await refused(subject, 'CreateTaskPushNotificationConfig', config, -32003)
      await refused(subject, 'GetTaskPushNotificationConfig', { taskId: 't', id: 'c' }, -32003)
      await refused(subject, 'ListTaskPushNotificationConfigs', { taskId: 't' }, -32003)
      await refused(subject, 'DeleteTaskPushNotificationConfig', { taskId: 't', id: 'c' }, -32003)
      await refused(subject, 'GetExtendedAgentCard', {}, -32004)
    })

    test('3.4 a new context is named, a given one kept, the task’s own inferred, and another one refused', async () => {
      const first = await begin(subject, subject.ids.open)
      assert.ok(first.contextId)
      const second = await begin(subject, subject.ids.open)
      assert.notEqual(first.id, second.id)
      const contextId = 'context-of-the-client'
      const { result } = await rpc(subject, 'SendMessage', {
        message: messageOf(subject.ids.open, { contextId }),
      })
      assert.equal((result as { task: Wire }).task.contextId, contextId)
      const more = await rpc(subject, 'SendMessage', {
        message: messageOf(subject.ids.open, { taskId: first.id }),
      })
      assert.equal((more.result as { task: Wire }).task.contextId, first.contextId)
      const torn = messageOf(subject.ids.open, { taskId: first.id, contextId: 'another' })
      await refused(subject, 'SendMessage', { message: torn }, -32602)
      const lost = messageOf(subject.ids.open, { taskId: 'nowhere' })
      await refused(subject, 'SendMessage', { message: lost }, -32001)
    })

    test('3.6 a version is Major.Minor: a patch counts for nothing, another one answers -32009', async () => {
      const params = { message: messageOf(subject.ids.open) }
      const patched = await rpc(subject, 'SendMessage', params, { 'a2a-version': '1.0.7' })
      sentShape.parse(patched.result)
      for (const version of ['99.0', '1.1', 'one', '1']) {
        await refused(subject, 'SendMessage', params, -32009, { 'a2a-version': version })
      }
      const empty = await post(
        subject,
        { jsonrpc: '2.0', id: 1, method: 'SendMessage', params },
        { 'a2a-version': '' },
      )
      assert.ok('error' in ((await empty.json()) as Wire))
    })

    test('5.4 and 9 what is no JSON-RPC request answers a JSON-RPC error without an id', async () => {
      const call = {
        jsonrpc: '2.0',
        id: 1,
        method: 'SendMessage',
        params: { message: messageOf(subject.ids.open) },
      }
      const cases: [unknown, Record<string, string>, number][] = [
        [call, { 'content-type': 'text/plain' }, -32005],
        ['{"jsonrpc":', {}, -32700],
        [[call], {}, -32600],
        [{ ...call, jsonrpc: '1.0' }, {}, -32600],
        [{ ...call, id: { a: 1 } }, {}, -32600],
      ]
      for (const [body, headers, code] of cases) {
        const { error } = (await (await post(subject, body, headers)).json()) as {
          error: { code: number }
        }
        assert.equal(error.code, code)
      }
    })

    test('9.2 extensions that nobody knows are no hindrance, and members that nobody knows neither', async () => {
      const declared = subject.headers()['a2a-extensions']
      const extensions = [declared, 'https://example.com/ext/v1'].filter(Boolean).join(', ')
      const params = { message: messageOf(subject.ids.open, { unknownMember: 1 }), unknownToo: 2 }
      const { result } = await rpc(subject, 'SendMessage', params, { 'a2a-extensions': extensions })
      sentShape.parse(result)
    })

    test('8 the card is there, whole, of its own interface, and may be kept', async () => {
      const { origin } = new URL(subject.url)
      const response = await subject.fetch(new Request(`${origin}/${AGENT_CARD_PATH}`))
      assert.equal(response.status, 200)
      assert.match(response.headers.get('content-type') ?? '', /^application\/json/)
      assert.match(response.headers.get('cache-control') ?? '', /max-age=\d+/)
      assert.ok(response.headers.get('etag'))
      const card = cardShape.parse(await response.json())
      assert.ok(
        card.supportedInterfaces.some(
          (one) => one.url === subject.url && one.protocolVersion === '1.0',
        ),
      )
      for (const signature of card.signatures ?? []) {
        const header = JSON.parse(Buffer.from(signature.protected, 'base64url').toString())
        assert.ok(header.alg && header.kid)
      }
    })
  })
}

everyAgent('any executor behind mountAgent', async () => scripted())
everyAgent('a seller', async () => (await openQuietSeller()).subject)

describe('A2A 1.0, executors that end, wait and talk', () => {
  test('3.1.2 a stream closes when the task has ended, its events in their order', async () => {
    const subject = scripted()
    const stream = await open(subject, 'SendStreamingMessage', { message: messageOf('completes') })
    assert.match(stream.response.headers.get('content-type') ?? '', /^text\/event-stream/)
    const kinds = (await stream.rest()).map((event) => Object.keys(event)[0])
    assert.deepEqual(kinds, ['task', 'artifactUpdate', 'statusUpdate'])
  })

  test('3.1.2 an answer that is a message is the one event of its stream', async () => {
    const stream = await open(scripted(), 'SendStreamingMessage', { message: messageOf('talks') })
    assert.deepEqual(
      (await stream.rest()).map((event) => Object.keys(event)),
      [['message']],
    )
  })

  test('3.2.2 SendMessage waits for the end, or answers at once where that is asked', async () => {
    const subject = scripted()
    const configuration = { returnImmediately: true }
    const now = await rpc(subject, 'SendMessage', { message: messageOf('waits'), configuration })
    assert.equal(stateOf(now.result), 'TASK_STATE_WORKING')
    const later = rpc(subject, 'SendMessage', { message: messageOf('waits') })
    setTimeout(() => subject.finish?.(), 50)
    assert.equal(stateOf((await later).result), 'TASK_STATE_COMPLETED')
  })

  test('3.1.6 and 3.5.2 all streams of a task get the same events, closing one hurts none, all close at the end', async () => {
    const subject = scripted()
    const configuration = { returnImmediately: true }
    const { result } = await rpc(subject, 'SendMessage', {
      message: messageOf('waits'),
      configuration,
    })
    const { id } = (result as { task: { id: string } }).task
    const streams = await Promise.all([1, 2, 3].map(() => open(subject, 'SubscribeToTask', { id })))
    for (const stream of streams) assert.ok('task' in ((await stream.next()) ?? {}))
    await streams[0]?.close()
    subject.finish?.()
    const [second, third] = await Promise.all(streams.slice(1).map((stream) => stream.rest()))
    assert.equal(stateOf(second?.at(-1)), 'TASK_STATE_COMPLETED')
    assert.deepEqual(second, third)
  })

  test('3.1.4 artifacts are listed only where they are asked for', async () => {
    const subject = scripted()
    const { contextId } = await begin(subject, 'completes')
    const { result } = await rpc(subject, 'ListTasks', { contextId, includeArtifacts: true })
    assert.equal(listShape.parse(result).tasks[0]?.artifacts?.length, 1)
  })

  test('3.3.4 streams that the card does not offer answer -32004', async () => {
    const subject = scripted({ streaming: false })
    await refused(subject, 'SendStreamingMessage', { message: messageOf('open') }, -32004)
    const { id } = await begin(subject, 'open')
    await refused(subject, 'SubscribeToTask', { id }, -32004)
  })

  test('3.3.4 an extension that the card requires and the client does not declare answers -32008', async () => {
    const subject = scripted({ required: true })
    const params = { message: messageOf('open') }
    await refused(subject, 'SendMessage', params, -32008)
    await refused(subject, 'SendStreamingMessage', params, -32008)
    const { result } = await rpc(subject, 'SendMessage', params, { 'a2a-extensions': REQUIRED })
    sentShape.parse(result)
  })

  test('3.6.2 no version is 0.3: answered as such where the card names it', async () => {
    const subject = scripted({ legacy: true })
    const body = {
      jsonrpc: '2.0',
      id: 1,
      method: 'message/send',
      params: {
        message: {
          kind: 'message',
          messageId: 'open-old',
          role: 'user',
          parts: [{ kind: 'text', text: 'hi' }],
        },
      },
    }
    const answered = (await (await post(subject, body, { 'a2a-version': '' })).json()) as {
      result: Wire
    }
    assert.deepEqual((answered.result.status as Wire).state, 'input-required')
    assert.equal(cardOf({ legacy: true }).supportedInterfaces.length, 2)
  })

  test('3.1.4 a seller lists, reads, cancels and continues nobody else’s task', async () => {
    const { subject, bearer, owner } = await openQuietSeller()
    const { id, contextId } = await begin(subject, 'open')
    const stranger = () => ({ authorization: bearer(owner) })
    await refused(subject, 'GetTask', { id }, -32001, stranger())
    await refused(subject, 'CancelTask', { id }, -32001, stranger())
    await refused(subject, 'SubscribeToTask', { id }, -32001, stranger())
    await refused(
      subject,
      'SendMessage',
      { message: messageOf('open', { taskId: id }) },
      -32001,
      stranger(),
    )
    const { result } = await rpc(subject, 'ListTasks', { contextId }, stranger())
    assert.deepEqual(listShape.parse(result).tasks, [])
  })
})
