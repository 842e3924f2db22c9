import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hashBytes } from '@earnest/sdk/protocol'
import { present } from '../../../../oracle/src/settlement/jury/present.ts'

const pact = {
  buyer: { did: 'did:buyer' },
  seller: { did: 'did:seller' },
  capability: 'writing',
  taskDescription: 'Write a book.',
  input: null,
  deliverableFormat: ['text/plain'],
  acceptance: [],
  paymentUsdc: '1',
  deadlineUtc: '2026-01-01T00:00:00Z',
}

/** What judges are shown of files with these contents, and how many bytes were asked of each. */
async function shownOf(files: { name: string; content: Buffer; size?: number; mime?: string }[]) {
  const manifest = files.map(({ name, content, mime = 'text/plain', size = content.length }) => ({
    name,
    mime,
    size,
    sha256: hashBytes(content),
  }))
  const body = { pact, manifest, report: null, claims: [], defence: null, evidence: [] }
  const asked = new Map<string, number>()
  const { deliverable } = await present(Buffer.from(JSON.stringify(body)), async (file, most) => {
    asked.set(file.name, most)
    const content = files.find(({ name }) => name === file.name)?.content
    return content?.subarray(0, most) ?? Buffer.alloc(0)
  })
  return { deliverable, asked, heads: manifest.map((file) => file.sha256) }
}

const CUT = '[the rest of this file is not shown]'

describe('present', () => {
  test('of a file that is a gibibyte long no more is read than is shown, and it is said that there is more', async () => {
    const content = Buffer.alloc(200_000, 'a')
    const { deliverable, asked } = await shownOf([{ name: 'book.txt', content, size: 2 ** 30 }])
    assert.deepEqual([...asked.values()], [150_000])
    assert.ok(deliverable.endsWith(`\n${'a'.repeat(50_000)}\n${CUT}`))
  })

  test('a text is shown to its fifty thousandth character, in one byte each or in three', async () => {
    for (const letter of ['a', 'é', '読']) {
      const whole = await shownOf([{ name: 'a.txt', content: Buffer.from(letter.repeat(50_000)) }])
      assert.ok(whole.deliverable.endsWith(`)\n${letter.repeat(50_000)}`))
      const longer = await shownOf([{ name: 'a.txt', content: Buffer.from(letter.repeat(50_001)) }])
      assert.ok(longer.deliverable.endsWith(`)\n${letter.repeat(50_000)}\n${CUT}`))
    }
    // Of a character of two units, whole or not at all.
    const half = await shownOf([{ name: 'a.txt', content: Buffer.from(`a${'😀'.repeat(30_000)}`) }])
    assert.ok(half.deliverable.isWellFormed())
  })

  test('of a thousand long files a million characters are read, of the others name and hash are shown', async () => {
    const content = Buffer.alloc(60_000, 'b')
    const files = Array.from({ length: 1000 }, (_, n) => ({ name: `${1000 + n}.txt`, content }))
    const { deliverable, asked, heads } = await shownOf(files)
    assert.equal(asked.size, 20)
    assert.ok(deliverable.length < 1_300_000)
    assert.equal(deliverable.split(heads[0] ?? '').length - 1, 1000)
    assert.equal(deliverable.split('[beyond what is shown: by its hash alone]').length - 1, 980)
  })

  test('what is no text is not read', async () => {
    const content = Buffer.from([1, 2, 3])
    const { asked, deliverable } = await shownOf([{ name: 'a.bin', content, mime: 'image/png' }])
    assert.equal(asked.size, 0)
    assert.ok(deliverable.endsWith('[not text: shown by its hash alone]'))
  })
})
