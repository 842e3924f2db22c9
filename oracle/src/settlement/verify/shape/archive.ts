import { Unzip, type UnzipFile, UnzipInflate } from 'fflate'
import type { Look } from './shape.ts'
import { zip } from './zip.ts'

/** Bytes that are unpacked at once: what they can become still fits into memory. */
const SLICE = 16 * 1024
/** An archive may grow so far in any case, and then by this factor at most: text does not pack better. */
const FREE_GROWTH = 64 * 1024 * 1024
const MAX_FACTOR = 200
/** Bytes that are unpacked at all; what lies behind them is believed. */
const MAX_UNPACKED = 2 * 1024 * 1024 * 1024

/**
 * A ZIP archive whose entries unpack: each to what it says, without leaving the folder they are unpacked in
 * and without growing into a bomb. Names are read where tools read them, before the data and in the list. What comes out is counted and forgotten.
 * @param needs Entries without which it is no file of its kind.
 */
export const archive = (needs: readonly string[] = []): Look => {
  return () => {
    const whole = zip()
    const missing = new Set(needs)
    let packed = 0
    let unpacked = 0
    let fault: 'unsafe_archive' | 'archive_bomb' | 'broken' | undefined
    const unzip = new Unzip(open)
    unzip.register(UnzipInflate)

    function open(file: UnzipFile): void {
      missing.delete(file.name)
      if (isUnsafe(file.name)) fault ??= 'unsafe_archive'
      // Other ways of packing than the one that everybody can read are told by the buyer's own tools.
      if (file.compression !== 0 && file.compression !== 8) return
      file.ondata = (error, part) => {
        if (error) fault ??= 'broken'
        unpacked += part?.length ?? 0
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
        const names = whole.names(size)
        if (names?.some(isUnsafe)) fault ??= 'unsafe_archive'
        return names !== undefined && fault === undefined && missing.size === 0
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
