import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLine } from '../../../../oracle/src/settlement/verify/line.ts'

/** One thing goes round; whoever has it gives it back before the next is served. */
function createRound() {
  const line = createLine<string>({ most: 1 })
  const served: string[] = []
  return {
    served,
    come: (owner: string) => void line.wait(owner).then(() => served.push(owner)),
    async serve() {
      const before = served.at(-1)
      if (before !== undefined) line.leave(before)
      line.serve('thread')
      await Promise.resolve()
    },
  }
}

test('whoever comes waits for one examination of an owner that wants many', async () => {
  const { served, come, serve } = createRound()
  for (let n = 0; n < 3; n++) come('many')
  await serve()
  come('one')
  for (let n = 0; n < 3; n++) await serve()
  assert.deepEqual(served, ['many', 'one', 'many', 'many'])
})

test('owners that come again and again, under ever new names too, keep nobody waiting', async () => {
  const { served, come, serve } = createRound()
  come('honest')
  come('honest')
  await serve()
  for (let n = 0; n < 6; n++) {
    come(`new ${n}`)
    await serve()
  }
  assert.deepEqual(served.slice(0, 3), ['honest', 'new 0', 'honest'])
})
