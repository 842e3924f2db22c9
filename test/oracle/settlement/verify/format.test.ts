import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Zip, ZipDeflate, zipSync } from 'fflate'
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
const from = (text: string) => new TextEncoder().encode(text)
const zipped = (files: Record<string, string>, level: 0 | 6 = 6) =>
  zipSync(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, from(text)])), {
    level,
  })
const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
const word = { '[Content_Types].xml': '<Types/>', 'word/document.xml': '<w:document/>' }
const box = (kind: string, body: Uint8Array) => {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + body.length)
  head.write(kind, 4, 'latin1')
  return bytes(...head, ...body)
}
const mp4 = bytes(
  ...box('ftyp', from('isom0000')),
  ...box('moov', from('m')),
  ...box('mdat', from('12')),
)
const openMp4 = bytes(...mp4.slice(0, -10), 0, 0, 0, 0, ...from('mdat12'))
const page = (flags: number) =>
  bytes(...from('OggS'), 0, flags, ...new Array(20).fill(1), 2, 3, 2, 1, 2, 3, 4, 5)
const oggFile = bytes(...page(2), ...page(0), ...page(4))
/** A frame, a table, and a scan with a stuffed 0xff and a restart in it. */
const jpeg = bytes(
  ...[0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 4, 1, 1, 0xff, 0xda, 0, 3, 0],
  ...[7, 0xff, 0, 8, 0xff, 0xd0, 9, 0xff, 0xd9],
)
const emptyZip = bytes(0x50, 0x4b, 0x05, 0x06, ...new Array(18).fill(0))

/** A byte in the middle of the packed data is another. */
function spoilt(content: Uint8Array): Uint8Array {
  return content.map((byte, at) => (at >= 34 && at < 40 ? byte ^ 0xff : byte))
}

/** 96 MiB of zeros in less than 100 KiB. */
function bomb(): Uint8Array {
  return zipSync({ zeros: new Uint8Array(96 * 1024 * 1024) }, { level: 9 })
}

/** Another name of the same length in the list of an archive, but not before its data. */
function relisted(archive: Uint8Array, name: string): Uint8Array {
  const list = Buffer.from(archive).lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]))
  const changed = Buffer.from(archive)
  changed.write(name, list + 46)
  return changed
}

/** The end record says one entry more than the list has. */
function miscounted(archive: Uint8Array): Uint8Array {
  const end = Buffer.from(archive).lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  const changed = Buffer.from(archive)
  changed.writeUInt16LE(changed.readUInt16LE(end + 10) + 1, end + 10)
  return changed
}

/** Four bytes of the last entry of the list are others: 16 for the CRC-32, 24 for the size. */
function listing(archive: Uint8Array, at: 16 | 24, value: number): Uint8Array {
  const changed = Buffer.from(archive)
  const list = changed.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]))
  changed.writeUInt32LE(value >>> 0, list + at)
  return changed
}

/** Entries before the list that it does not name: what a reader of the stream sees and a tool does not. */
function hiding(shown: Uint8Array, hidden: Uint8Array): Uint8Array {
  const start = (archive: Uint8Array) => Buffer.from(archive).indexOf(Buffer.from('PK\x01\x02'))
  const data = hidden.slice(0, start(hidden))
  const changed = Buffer.from([...data, ...shown])
  const end = changed.lastIndexOf(Buffer.from('PK\x05\x06'))
  changed.writeUInt32LE(changed.readUInt32LE(end + 16) + data.length, end + 16)
  return changed
}

/** Two entries whose list names the data of the other. */
function swapped(archive: Uint8Array): Uint8Array {
  const changed = Buffer.from(archive)
  const first = changed.indexOf(Buffer.from('PK\x01\x02'))
  const last = changed.lastIndexOf(Buffer.from('PK\x01\x02'))
  const name = (at: number) => changed.subarray(at + 46, at + 47)
  const kept = Buffer.from(name(first))
  name(last).copy(name(first))
  kept.copy(name(last))
  return changed
}

/** As a writer makes it that does not know sizes beforehand: they stand behind the data. */
function streamed(files: Record<string, string>): Uint8Array {
  const out: Uint8Array[] = []
  const archive = new Zip((_, part) => out.push(part))
  for (const [name, text] of Object.entries(files)) {
    const entry = new ZipDeflate(name)
    archive.add(entry)
    for (const half of [text.slice(0, 5), text.slice(5)]) entry.push(from(half))
    entry.push(new Uint8Array(0), true)
  }
  archive.end()
  return Buffer.concat(out)
}

/** Size and CRC-32 of a ZIP64 writer: the size stands in the extra field, however small it is. */
function inExtra(archive: Uint8Array, size: number): Uint8Array {
  const at = Buffer.from(archive).lastIndexOf(Buffer.from('PK\x01\x02'))
  const end = Buffer.from(archive).lastIndexOf(Buffer.from('PK\x05\x06'))
  const extra = Buffer.alloc(12)
  extra.writeUInt16LE(1)
  extra.writeUInt16LE(8, 2)
  extra.writeBigUInt64LE(BigInt(size), 4)
  const name = Buffer.from(archive).readUInt16LE(at + 28)
  const head = Buffer.from(archive.slice(0, at + 46 + name))
  head.writeUInt32LE(0xffffffff, at + 24)
  head.writeUInt16LE(12, at + 30)
  const tail = Buffer.from(archive.slice(end))
  tail.writeUInt32LE(tail.readUInt32LE(12) + 12, 12)
  return Buffer.concat([head, extra, archive.slice(at + 46 + name, end), tail])
}

describe('format', () => {
  const whole: [string, { mime: string; bytes: Uint8Array }][] = [
    ['a PDF', pdf()],
    ['a PNG', png()],
    ['JSON', json({ a: 1 })],
    ['CSV with quotes', textFile('a,b\n"x, ""y""\nz",2\n', 'text/csv')],
    ['CSV with CRLF and no end', textFile('a,b\r\n1,2', 'text/csv')],
    ['lines of JSON', textFile('{"a":1}\n[2]\n', 'application/x-ndjson')],
    ['Markdown', textFile('# Título\n\n– naïve 日本', 'text/markdown')],
    ['a JPEG', as('image/jpeg', jpeg)],
    ['an archive', as('application/zip', zipped({ 'a.txt': 'hello '.repeat(500), 'b/c': 'x' }))],
    ['an archive of stored entries', as('application/zip', zipped({ a: 'hello' }, 0))],
    ['an archive with folders', as('application/zip', zipped({ 'a/': '', 'a/b': 'x', empty: '' }))],
    ['an archive with an accent', as('application/zip', zipped({ 'ünïcode.txt': 'x' }))],
    ['an archive in one go', as('application/zip', streamed({ a: 'hello '.repeat(99) }))],
    ['an archive of ZIP64', as('application/zip', inExtra(zipped({ a: 'hello' }), 5))],
    ['a Word document', as(docx, zipped(word))],
    ['an MP4', as('video/mp4', mp4)],
    ['an MP4 whose last box has no length', as('video/mp4', openMp4)],
    ['Ogg', as('audio/ogg', oggFile)],
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
    ['a JPEG without its end', as('image/jpeg', jpeg.slice(0, -2)), 'wrong_format'],
    ['a JPEG without a scan', as('image/jpeg', bytes(0xff, 0xd8, 0xff, 0xd9)), 'wrong_format'],
    [
      'a JPEG cut and ended',
      as('image/jpeg', bytes(...jpeg.slice(0, 12), 0xff, 0xd9)),
      'wrong_format',
    ],
    ['an archive cut short', as('application/zip', zipped(word).slice(0, -9)), 'wrong_format'],
    [
      'an archive that does not unpack',
      as('application/zip', spoilt(zipped({ a: 'hello '.repeat(900) }))),
      'wrong_format',
    ],
    ['an archive as a document', as(docx, zipped({ 'a.txt': 'x' })), 'wrong_format'],
    [
      'a document as a workbook',
      as(docx.replace('wordprocessingml.document', 'spreadsheetml.sheet'), zipped(word)),
      'wrong_format',
    ],
    [
      'an archive that leads out of its folder',
      as('application/zip', zipped({ '../../etc/passwd': 'x' })),
      'unsafe_archive',
    ],
    [
      'an archive with an absolute name',
      as('application/zip', zipped({ '/etc/passwd': 'x' })),
      'unsafe_archive',
    ],
    [
      'an archive whose list alone leads out of its folder',
      as('application/zip', relisted(zipped({ 'aa/aa/passwd': 'x' }), '../../passwd')),
      'unsafe_archive',
    ],
    [
      'an archive whose list has one entry less than it says',
      as('application/zip', miscounted(zipped({ a: 'x', b: 'y' }))),
      'wrong_format',
    ],
    [
      'an archive with a bit turned in a stored entry',
      as('application/zip', flipped(zipped({ a: 'hello' }, 0), 31)),
      'corrupt_archive',
    ],
    [
      'an archive whose list has another checksum',
      as('application/zip', listing(zipped({ a: 'hello' }), 16, 1)),
      'corrupt_archive',
    ],
    [
      'an archive whose list has another size',
      as('application/zip', listing(zipped({ a: 'hello' }), 24, 6)),
      'corrupt_archive',
    ],
    [
      'an archive of ZIP64 with another size',
      as('application/zip', inExtra(zipped({ a: 'hello' }), 6)),
      'corrupt_archive',
    ],
    [
      'an archive whose list calls two entries by each other’s name',
      as('application/zip', swapped(zipped({ a: 'good', b: 'ugly' }))),
      'corrupt_archive',
    ],
    [
      'an archive with an entry that its list does not name',
      as('application/zip', hiding(zipped({ a: 'shown' }), zipped({ b: 'hidden' }))),
      'corrupt_archive',
    ],
    [
      'a document with a bit turned in a stored part',
      as(docx, flipped(zipped(word, 0), 50)),
      'corrupt_archive',
    ],
    ['an archive with a drive', as('application/zip', zipped({ 'C:\\x': 'x' })), 'unsafe_archive'],
    ['a bomb', as('application/zip', bomb()), 'archive_bomb'],
    ['an MP4 cut short', as('video/mp4', mp4.slice(0, -1)), 'wrong_format'],
    ['an MP4 without a film', as('video/mp4', box('ftyp', from('isom0000'))), 'wrong_format'],
    ['Ogg cut between two pages', as('audio/ogg', bytes(...page(2), ...page(0))), 'wrong_format'],
    ['Ogg cut in a page', as('audio/ogg', oggFile.slice(0, -1)), 'wrong_format'],
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
