import { crc32 } from 'node:zlib'
import { Unzip, type UnzipFile, UnzipInflate } from 'fflate'
import type { Look } from './shape.ts'
import { type ZipEntry, zip } from './zip.ts'

/** Bytes that are unpacked at once: what they can become still fits into memory. */
const SLICE = 16 * 1024
/** An archive may grow so far in any case, and then by this factor at most: text does not pack better. */
const FREE_GROWTH = 64 * 1024 * 1024
const MAX_FACTOR = 200
/** Bytes that are unpacked at all; what lies behind them is believed. */
const MAX_UNPACKED = 2 * 1024 * 1024 * 1024

/**
 * A ZIP archive whose entries unpack: each to what the list says of it by size and CRC-32, without leaving the
 * folder they are unpacked in and without growing into a bomb. Names are read where tools read them, before the
 * data and in the list. What comes out is counted and forgotten.
 * @param needs Entries without which it is no file of its kind.
 */
export const archive = (needs: readonly string[] = []): Look => {
  return () => {
    const whole = zip()
    const missing = new Set(needs)
    let packed = 0
    let unpacked = 0
    let fault: 'unsafe_archive' | 'archive_bomb' | 'corrupt_archive' | 'broken' | undefined
    const came: Came[] = []
    const unzip = new Unzip(open)
    unzip.register(UnzipInflate)

    function open(file: UnzipFile): void {
      missing.delete(file.name)
      if (isUnsafe(file.name)) fault ??= 'unsafe_archive'
      // Other ways of packing than the one that everybody can read are told by the buyer's own tools.
      if (file.compression !== 0 && file.compression !== 8) return
      const { name, compression: method } = file
      const entry: Came = { name, method, crc32: 0, size: 0, isWhole: false }
      came.push(entry)
      file.ondata = (error, part, isLast) => {
        if (error) fault ??= 'broken'
        unpacked += part?.length ?? 0
        if (part) {
          entry.crc32 = crc32(part, entry.crc32)
          entry.size += part.length
        }
        entry.isWhole ||= isLast
        const isBomb = unpacked > FREE_GROWTH && unpacked > packed * MAX_FACTOR
        if (isBomb) fault ??= 'archive_bomb'
        if (fault !== undefined || unpacked > MAX_UNPACKED) file.terminate()
      }
      file.start()
    }
    return {
      take(part) {
        whole.take(part)
        for (let at = 0; at < part.length && !isOver(); at += SLICE) {
          const slice = part.slice(at, at + SLICE)
          packed += slice.length
          try {
            unzip.push(slice)
          } catch {
            fault ??= 'broken'
          }
        }
      },
      isWhole(size) {
        const entries = whole.entries(size)
        if (entries?.some(({ names }) => names.some(isUnsafe))) fault ??= 'unsafe_archive'
        if (entries === undefined || fault !== undefined || missing.size > 0) return false
        // What was not unpacked to its end is believed.
        if (unpacked <= MAX_UNPACKED && !isAsListed(came, entries)) fault = 'corrupt_archive'
        return fault === undefined
      },
      fault: () => (fault === 'broken' ? undefined : fault),
    }

    function isOver(): boolean {
      return fault !== undefined || unpacked > MAX_UNPACKED
    }
  }
}

/** True for a name that leads out of the folder where an archive is unpacked. */
function isUnsafe(name: string): boolean {
  return /^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)|\0/.test(name)
}

/** An entry as it came out of its data. */
type Came = { name: string; method: number; crc32: number; size: number; isWhole: boolean }

/** True where each entry of the list came out with its name, size and CRC-32, and nothing else did. */
function isAsListed(came: readonly Came[], entries: readonly ZipEntry[]): boolean {
  const left = Map.groupBy(came, ({ name }) => name)
  const take = ({ names, crc32: wanted, size, method }: ZipEntry) =>
    names.some((name) => {
      const found = left.get(name) ?? []
      const at = found.findIndex(
        (one) => one.isWhole && one.crc32 === wanted && one.size === size && one.method === method,
      )
      if (at < 0) return false
      found.splice(at, 1)
      return true
    })
  const readable = entries.filter(({ method }) => method === 0 || method === 8)
  return readable.every(take) && [...left.values()].every((found) => found.length === 0)
}
