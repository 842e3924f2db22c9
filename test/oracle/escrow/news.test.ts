import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EarnestError } from '@earnest/sdk/protocol'
import { createNews, type News, whenFunded } from '../../../oracle/src/escrow/news.ts'

describe('a request that comes before the index', () => {
  /** Work that is refused until the money is there. */
  function workOf(news: News, escrowId: string) {
    const seen = { looks: 0, isFunded: false }
    const done = whenFunded(news, { escrowId, milliseconds: 2000 }, async () => {
      seen.looks++
      if (seen.isFunded) return 'taken'
      throw new EarnestError('not_funded', 'No funds are locked', { retryable: true })
    })
    return { seen, done }
  }
  const refused = { code: 'not_funded' }

  test('is done at the word about its escrow, and by no word about another', async () => {
    const news = createNews()
    const { seen, done } = workOf(news, 'a')
    await Promise.resolve()
    seen.isFunded = true
    news.tell(['b'])
    assert.equal(seen.looks, 1)
    news.tell(['a'])
    assert.equal(await done, 'taken')
    assert.equal(seen.looks, 2)
  })

  test('is refused at once where many wait for the escrow, or for all of them, and has room again afterwards', async () => {
    const news = createNews()
    const own = Array.from({ length: 8 }, () => workOf(news, 'a'))
    await new Promise((resolve) => setImmediate(resolve))
    await assert.rejects(workOf(news, 'a').done, refused)
    const others = Array.from({ length: 248 }, (_, n) => workOf(news, `${n}`))
    await new Promise((resolve) => setImmediate(resolve))
    const last = workOf(news, 'z')
    await assert.rejects(last.done, refused)
    assert.equal(last.seen.looks, 1)
    for (const { seen } of [...own, ...others]) seen.isFunded = true
    news.tell(['a', ...others.map((_, n) => `${n}`)])
    for (const { done } of [...own, ...others]) assert.equal(await done, 'taken')
    assert.ok(news.hasRoom('a'))
  })
})
