import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBell } from '../../../oracle/src/store/bell.ts'

test('what rings together wakes everybody once, and is counted at once', async () => {
  const bell = createBell()
  const woken: string[] = []
  const wait = (name: string) => bell.wait(60_000).then((rang) => rang && woken.push(name))
  const both = [wait('one'), wait('two')]
  bell.ring()
  bell.ring()
  assert.equal(bell.rings(), 2)
  await Promise.all(both)
  assert.deepEqual(woken, ['one', 'two'])
  // The second ring is over too: the next wait is for the next.
  const later = wait('three')
  assert.equal(await Promise.race([later, Promise.resolve('still waiting')]), 'still waiting')
  bell.ring()
  await later
})

test('who stops is woken though nothing rang', async () => {
  const stopping = new AbortController()
  const waiting = createBell().wait(60_000, stopping.signal)
  stopping.abort()
  assert.equal(await waiting, true)
})
