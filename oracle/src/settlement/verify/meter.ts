/** Name under which a metered module exports its fuel, a mutable i64. */
export const FUEL = 'fuel'

/** Bytes that one unit of fuel copies or fills. */
const BYTES_LOG2 = 6n

/**
 * Makes a WebAssembly module count its own work: every call of a function and every turn of a loop takes
 * a unit of the exported global `fuel`, every 64 bytes copied or filled one more, and below zero it
 * traps. Unlike time, and unlike an engine's own interrupts, the count is the same on every machine and
 * no code in there can get around it. Throws for modules with vector instructions or threads.
 * @param binary A module without imported globals (WebAssembly core specification, section 5).
 */
export function meter(binary: Uint8Array): Uint8Array<ArrayBuffer> {
  const source = createReader(binary)
  const sections: { id: number; body: Uint8Array }[] = []
  source.skip(8)
  while (!source.isDone()) {
    const id = source.byte()
    sections.push({ id, body: source.take(source.unsigned()) })
  }
  const bodyOf = (id: number) => sections.find((section) => section.id === id)?.body ?? NONE
  const parameters = parametersOf(bodyOf(1))
  const types = listOf(bodyOf(3), (reader) => reader.unsigned())
  const fuel = createReader(bodyOf(6)).unsigned()

  const metered = sections.map(({ id, body }) => {
    if (id === 6) return section(6, appended(body, [0x7e, 0x01, 0x42, ...PLENTY, 0x0b]))
    if (id === 7) return section(7, appended(body, [...text(FUEL), 0x03, ...unsigned(fuel)]))
    if (id === 10) {
      const bodies = listOf(body, (reader) => reader.take(reader.unsigned()))
      const changed = bodies.map((code, index) =>
        meterCode(code, { fuel, parameters: parameters[types[index] ?? -1] ?? 0 }),
      )
      return section(10, [unsigned(changed.length), ...changed])
    }
    return section(id, [body])
  })
  return Uint8Array.from(Buffer.concat([binary.subarray(0, 8), ...metered]))
}

const NONE = Uint8Array.of(0)
/** The largest i64: a module may do what it wants until somebody sets its fuel. */
const PLENTY = [...new Array<number>(9).fill(0xff), 0x00]

/** How many parameters each function type has. */
function parametersOf(body: Uint8Array): number[] {
  return listOf(body, (reader) => {
    if (reader.byte() !== 0x60) throw new Error('want function types')
    const count = reader.unsigned()
    reader.skip(count)
    reader.skip(reader.unsigned())
    return count
  })
}

/** One function with its count at its start, at the start of each loop, and before bulk memory. */
function meterCode(
  code: Uint8Array,
  { fuel, parameters }: { fuel: number; parameters: number },
): Uint8Array {
  const reader = createReader(code)
  const groups = reader.unsigned()
  const start = reader.at()
  let local = parameters
  for (let group = 0; group < groups; group++) {
    local += reader.unsigned()
    reader.skip(1)
  }
  const globalGet = [0x23, ...unsigned(fuel)]
  const globalSet = [0x24, ...unsigned(fuel)]
  const spend = Uint8Array.from([
    ...globalGet,
    ...[0x42, 0x01, 0x7d],
    ...globalSet,
    ...globalGet,
    ...[0x42, 0x00, 0x53, 0x04, 0x40, 0x00, 0x0b],
  ])
  // The length lies on top of the stack: it is kept, counted and left there.
  const spendLength = Uint8Array.from([
    ...[0x22, ...unsigned(local)],
    ...globalGet,
    ...[0x20, ...unsigned(local), 0xad, 0x42, Number(BYTES_LOG2), 0x88, 0x7d],
    ...globalSet,
  ])
  const parts: Uint8Array[] = [
    Uint8Array.from(unsigned(groups + 1)),
    code.subarray(start, reader.at()),
    Uint8Array.from([0x01, 0x7f]),
    spend,
  ]
  let copied = reader.at()
  const insert = (at: number, more: Uint8Array) => {
    parts.push(code.subarray(copied, at), more)
    copied = at
  }
  while (!reader.isDone()) {
    const at = reader.at()
    const opcode = reader.byte()
    skipOperands(opcode, reader)
    if (opcode === 0x03) insert(reader.at(), spend)
    if (opcode === 0xfc && isBulk(code[at + 1] ?? 0)) insert(at, spendLength)
  }
  const body = Buffer.concat([...parts, code.subarray(copied)])
  return Buffer.concat([Uint8Array.from(unsigned(body.length)), body])
}

/** memory.init, memory.copy, memory.fill, table.init, table.copy, table.fill. */
function isBulk(operation: number): boolean {
  return [8, 10, 11, 12, 14, 17].includes(operation)
}

function skipOperands(opcode: number, reader: Reader): void {
  const skip = (count: number) => {
    for (let n = 0; n < count; n++) reader.unsigned()
  }
  if (isBetween(opcode, 0x45, 0xc4) || BARE.includes(opcode)) return
  if (isBetween(opcode, 0x28, 0x3e) || opcode === 0x11) skip(2)
  else if (ONE_OPERAND.some(([from, to]) => isBetween(opcode, from, to))) skip(1)
  else if (opcode === 0x0e) skip(reader.unsigned() + 1)
  else if (opcode === 0x1c) skip(reader.unsigned())
  else if (opcode === 0x43) reader.skip(4)
  else if (opcode === 0x44) reader.skip(8)
  else if (opcode === 0xfc) {
    const operation = reader.unsigned()
    skip(operation < 8 ? 0 : [8, 10, 12, 14].includes(operation) ? 2 : 1)
  } else throw new Error(`instruction 0x${opcode.toString(16)} cannot be metered`)
}

/** Instructions without operands, besides the numeric ones. */
const BARE = [0x00, 0x01, 0x05, 0x0b, 0x0f, 0x1a, 0x1b, 0xd1]
/** Ranges of instructions with one number behind them. */
const ONE_OPERAND = [
  [0x02, 0x04],
  [0x0c, 0x0d],
  [0x10, 0x10],
  [0x20, 0x26],
  [0x3f, 0x42],
  [0xd0, 0xd0],
  [0xd2, 0xd2],
] as const

function isBetween(opcode: number, from: number, to: number): boolean {
  return opcode >= from && opcode <= to
}

type Reader = ReturnType<typeof createReader>

function createReader(bytes: Uint8Array) {
  let at = 0
  const byte = () => {
    const value = bytes[at]
    if (value === undefined) throw new Error('module cut short')
    at += 1
    return value
  }
  return {
    at: () => at,
    isDone: () => at >= bytes.length,
    byte,
    /** LEB128; signed numbers are passed over the same way. */
    unsigned() {
      let value = 0
      for (let shift = 0; ; shift += 7) {
        const part = byte()
        value += (part & 0x7f) * 2 ** shift
        if (part < 0x80) return value
      }
    },
    skip(count: number) {
      at += count
    },
    take(count: number) {
      at += count
      return bytes.subarray(at - count, at)
    },
  }
}

function listOf<T>(body: Uint8Array, read: (reader: Reader) => T): T[] {
  const reader = createReader(body)
  return Array.from({ length: reader.unsigned() }, () => read(reader))
}

/** A vector with one more item. */
function appended(body: Uint8Array, item: number[]): (Uint8Array | number[])[] {
  const reader = createReader(body)
  return [unsigned(reader.unsigned() + 1), body.subarray(reader.at()), item]
}

function section(id: number, parts: readonly (Uint8Array | number[])[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => Uint8Array.from(part)))
  return Buffer.concat([Uint8Array.from([id, ...unsigned(body.length)]), body])
}

function text(name: string): number[] {
  const bytes = new TextEncoder().encode(name)
  return [...unsigned(bytes.length), ...bytes]
}

function unsigned(value: number): number[] {
  const low = value & 0x7f
  return value < 0x80 ? [low] : [low | 0x80, ...unsigned(Math.floor(value / 0x80))]
}
