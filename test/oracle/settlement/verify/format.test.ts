import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openDelivery } from '../../../../oracle/src/settlement/verify/delivery.ts'
import { DEFAULT_BUDGET } from '../../../../oracle/src/settlement/verify/examiner.ts'
import { verifyFormat } from '../../../../oracle/src/settlement/verify/format.ts'
import { openReader } from '../../../../oracle/src/settlement/verify/reader.ts'
import { openTurn } from '../../../../oracle/src/settlement/verify/turn.ts'
import { delivered, type Files, json, pdf, png, textFile } from './files.ts'
import { examiner } from './setup.ts'

const codeOf = async (files: Files, mime: string, more: Record<string, unknown> = {}) => {
  const { manifest, openFile } = delivered(files)
  const turn = openTurn({ examiner, budget: DEFAULT_BUDGET })
  const delivery = openDelivery({ files: manifest, openFile, turn })
  const reader = openReader({ delivery, turn })
  const { code } = await verifyFormat({ mime, ...more }, { delivery, reader })
  turn.end()
  return code
}
const bytes = (...list: number[]) => Uint8Array.from(list)
const as = (mime: string, content: Uint8Array) => ({ mime, bytes: content })
const flipped = (content: Uint8Array, at: number) =>
  content.map((byte, i) => (i === at ? byte ^ 1 : byte))
const emptyZip = bytes(0x50, 0x4b, 0x05, 0x06, ...new Array(18).fill(0))

describe('format', () => {
  const whole: [string, { mime: string; bytes: Uint8Array }][] = [
    ['a PDF', pdf()],
    ['a PNG', png()],
    ['JSON', json({ a: 1 })],
    ['CSV with quotes', textFile('a,b\n"x, ""y""\nz",2\n', 'text/csv')],
    ['CSV with CRLF and no end', textFile('a,b\r\n1,2', 'text/csv')],
    ['lines of JSON', textFile('{"a":1}\n[2]\n', 'application/x-ndjson')],
    ['Markdown', textFile('# Título\n\n– naïve 日本', 'text/markdown')],
    ['a JPEG', as('image/jpeg', bytes(0xff, 0xd8, 0xff, 0xe0, 1, 2, 3, 0xff, 0xd9))],
    ['bytes without a type', as('application/octet-stream', bytes(1, 2, 3))],
  ]
  for (const [name, file] of whole) {
    test(`${name} is what it says`, async () => {
      assert.equal(await codeOf({ file }, file.mime), 'met')
    })
  }

  const broken: [string, { mime: string; bytes: Uint8Array }, string][] = [
    ['a PNG cut short', as('image/png', png().bytes.slice(0, -4)), 'wrong_format'],
    ['a PNG with a bit turned', as('image/png', flipped(png().bytes, 45)), 'wrong_format'],
    ['a PNG with more behind it', as('image/png', bytes(...png().bytes, 0)), 'wrong_format'],
    ['a JPEG without its end', as('image/jpeg', bytes(0xff, 0xd8, 0xff, 0xe0, 1)), 'wrong_format'],
    ['JSON cut short', textFile('{"a":', 'application/json'), 'wrong_format'],
    ['JSON with a comment', textFile('{"a":1} // x', 'application/json'), 'wrong_format'],
    ['JSON in Latin-1', as('application/json', bytes(0x22, 0xe9, 0x22)), 'wrong_format'],
    ['HTML as JSON', textFile('<html></html>', 'application/json'), 'wrong_format'],
    ['CSV with a short row', textFile('a,b\n1\n', 'text/csv'), 'wrong_format'],
    ['CSV with an open quote', textFile('a,b\n1,"2\n', 'text/csv'), 'wrong_format'],
    ['CSV of a heading alone', textFile('a,b\n', 'text/csv'), 'wrong_format'],
    ['one bad line of JSON', textFile('{"a":1}\n{\n', 'application/x-ndjson'), 'wrong_format'],
    ['blank text', textFile(' \n\t\n ', 'text/plain'), 'wrong_format'],
    ['text with a zero byte', textFile('a\0b', 'text/plain'), 'wrong_format'],
    [
      'a program as text',
      as('text/plain', bytes(0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0)),
      'wrong_format',
    ],
    ['one byte repeated', as('application/octet-stream', new Uint8Array(100)), 'empty_content'],
    ['an archive of nothing', as('application/zip', emptyZip), 'wrong_format'],
    ['text as MP3', textFile('la la la la la la', 'audio/mpeg'), 'wrong_format'],
    ['a type that nobody knows', textFile('x y', 'application/x-unheard-of'), 'format_unknown'],
  ]
  for (const [name, file, code] of broken) {
    test(`[SET-06][W-45] ${name}: ${code}`, async () => {
      assert.equal(await codeOf({ file }, file.mime), code)
    })
  }

  test('size limits hold at the byte', async () => {
    const file = textFile('12345')
    assert.equal(await codeOf({ file }, 'text/plain', { minBytes: 5, maxBytes: 5 }), 'met')
    assert.equal(await codeOf({ file }, 'text/plain', { minBytes: 6 }), 'file_too_small')
    assert.equal(await codeOf({ file }, 'text/plain', { maxBytes: 4 }), 'file_too_large')
  })

  test('a named file must be there, under its type', async () => {
    const files = { 'a.txt': textFile('hello') }
    assert.equal(await codeOf(files, 'text/plain', { file: 'a.txt' }), 'met')
    assert.equal(await codeOf(files, 'text/plain', { file: 'b.txt' }), 'file_missing')
    assert.equal(await codeOf(files, 'text/csv', { file: 'a.txt' }), 'file_missing')
  })
})
