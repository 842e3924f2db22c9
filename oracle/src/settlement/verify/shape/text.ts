import type { Look } from './shape.ts'

/** Text that somebody can read: UTF-8, not blank, without control characters but tab and line ends. */
export const text: Look = () => {
  let isPlain = true
  let isBlank = true
  const reader = readText((piece) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    isPlain &&= !/[\0-\x08\x0e-\x1f\x7f]/.test(piece)
    isBlank &&= piece.trim() === ''
  })
  return { take: reader.take, isWhole: () => reader.end() && isPlain && !isBlank }
}

/** RFC 4180: readable, every row has as many fields as the first, quotes are closed, there is data. */
export const csv: Look = () => {
  const readable = text()
  let fields = 1
  let width: number | undefined
  let rows = 0
  let quoted = false
  // A quote inside quotes ends them or, doubled, stands for itself: the next character says which.
  let pending = false
  let isEven = true
  let isRowOpen = false

  function read(char: string): void {
    if (pending) {
      pending = false
      if (char === '"') return
      quoted = false
    }
    if (quoted) {
      pending = char === '"'
      return
    }
    isRowOpen = true
    if (char === '"') quoted = true
    else if (char === ',') fields++
    else if (char === '\n') endRow()
  }
  function endRow(): void {
    width ??= fields
    isEven &&= fields === width
    rows++
    fields = 1
    isRowOpen = false
  }
  const reader = readText((piece) => {
    for (const char of piece) read(char)
  })
  return {
    take(part) {
      readable.take(part)
      reader.take(part)
    },
    isWhole(size) {
      const isText = reader.end() && readable.isWhole(size)
      if (pending) quoted = false
      if (!quoted && isRowOpen) endRow()
      return isText && !quoted && isEven && rows > 1
    },
  }
}

/** Decodes strict UTF-8 piece by piece; `end` is false where anything was no UTF-8. */
function readText(onPiece: (piece: string) => void): {
  take(part: Uint8Array): void
  end(): boolean
} {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let isText = true
  const decode = (part?: Uint8Array) => {
    if (!isText) return
    try {
      onPiece(decoder.decode(part, { stream: part !== undefined }))
    } catch {
      isText = false
    }
  }
  return {
    take: decode,
    end() {
      decode()
      return isText
    },
  }
}
