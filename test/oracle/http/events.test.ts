import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { decode, eventSchema, hashPact, type OracleEvent, verifyEvent } from '@earnest/sdk/protocol'
import { agree, createDesk, pactOf, register } from '../support/world.ts'

let desk: Awaited<ReturnType<typeof createDesk>>

before(async () => {
  desk = await createDesk()
  await register(desk, desk.buyer)
  await register(desk, desk.seller)
})
after(() => desk?.close())

/** Reads `count` events of a stream and closes it. */
async function listen(
  query: string,
  {
    count,
    lastEventId,
    during,
  }: { count: number; lastEventId?: number; during?: () => Promise<unknown> },
): Promise<OracleEvent[]> {
  const response = await desk.app.request(`/api/v1/events${query}`, {
    headers: lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) },
  })
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  // The first bytes say that the stream is open: nothing after them is missed.
  await reader.read()
  const pending = during?.()
  let text = ''
  const events: OracleEvent[] = []
  while (events.length < count) {
    const { value, done } = await reader.read()
    assert.ok(!done, 'the stream ended')
    text += new TextDecoder().decode(value)
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const block = text.slice(0, end)
      text = text.slice(end + 2)
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (!data) continue
      const event = decode(eventSchema, JSON.parse(data), 'invalid_event')
      assert.equal(/^id: (.*)$/m.exec(block)?.[1], String(event.id))
      verifyEvent(event, { oracle: desk.oracle.signer.did })
      events.push(event)
    }
  }
  await pending
  await reader.cancel()
  return events
}

test('a listener is told what happens, signed and numbered', async () => {
  const pact = pactOf(desk)
  const [event] = await listen('', { count: 1, during: () => agree(desk, pact) })
  assert.deepEqual([event?.type, event?.pactId], ['pact_registered', hashPact(pact)])
})

test('a listener that says what it saw last misses nothing, in order', async () => {
  const first = await listen('', { count: 1, during: () => agree(desk, pactOf(desk)) })
  const seen = first[0]?.id ?? 0
  const pacts = [pactOf(desk), pactOf(desk), pactOf(desk)]
  for (const pact of pacts) await agree(desk, pact)
  const missed = await listen('', { count: 3, lastEventId: seen })
  assert.deepEqual(
    missed.map(({ id, pactId }) => [id, pactId]),
    pacts.map((pact, index) => [seen + 1 + index, hashPact(pact)]),
  )
})

test('whoever asks for one pact gets its whole story and nothing else', async () => {
  const pact = pactOf(desk)
  await agree(desk, pact)
  await agree(desk, pactOf(desk))
  const events = await listen(`?pactId=${hashPact(pact)}`, { count: 1 })
  assert.deepEqual(
    events.map(({ pactId }) => pactId),
    [hashPact(pact)],
  )
})

test('a Last-Event-ID that is no number is refused', async () => {
  const response = await desk.app.request('/api/v1/events', { headers: { 'last-event-id': 'x' } })
  assert.equal(response.status, 422)
})

test('the documentation needs no other host', async () => {
  const page = await (await desk.app.request('/docs')).text()
  assert.match(page, /\/api\/v1\/pacts/)
  assert.doesNotMatch(page, /<script|<link|<img|src=|@import|href="https?:/)
})
