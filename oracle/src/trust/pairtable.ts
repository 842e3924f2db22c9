import { grown } from './column.ts'

/**
 * Open-addressing map from an ordered pair of indices to the index of an entry. A JavaScript `Map`
 * ends at 16.7 million entries and costs four times the memory. Plain data, so it can be cloned.
 */
export type PairTable = {
  size: number
  slots: Int32Array
  left: Int32Array
  right: Int32Array
}

/** An empty pair table. */
export function createPairTable(): PairTable {
  return {
    size: 0,
    slots: new Int32Array(64),
    left: new Int32Array(32),
    right: new Int32Array(32),
  }
}

function hash(left: number, right: number): number {
  let h = Math.imul(left ^ (left >>> 15), 0x2c1b3c6d) ^ Math.imul(right, 0x297a2d39)
  h = Math.imul(h ^ (h >>> 12), 0x85ebca6b)
  return (h ^ (h >>> 15)) >>> 0
}

/** Entry index of the pair, or -1. */
export function findPair(table: PairTable, left: number, right: number): number {
  const mask = table.slots.length - 1
  for (let at = hash(left, right) & mask; ; at = (at + 1) & mask) {
    const entry = (table.slots[at] as number) - 1
    if (entry < 0) return -1
    if (table.left[entry] === left && table.right[entry] === right) return entry
  }
}

/** Entry index of the pair, which is added if it is new; entries count up from 0. */
export function internPair(table: PairTable, left: number, right: number): number {
  const known = findPair(table, left, right)
  if (known >= 0) return known
  const entry = table.size
  table.left = grown(table.left, entry + 1)
  table.right = grown(table.right, entry + 1)
  table.left[entry] = left
  table.right[entry] = right
  table.size = entry + 1
  if (table.size * 2 > table.slots.length) rehash(table, table.slots.length * 2)
  else place(table, entry)
  return entry
}

function rehash(table: PairTable, size: number): void {
  table.slots = new Int32Array(size)
  for (let entry = 0; entry < table.size; entry++) place(table, entry)
}

function place(table: PairTable, entry: number): void {
  const mask = table.slots.length - 1
  let at = hash(table.left[entry] as number, table.right[entry] as number) & mask
  while (table.slots[at] !== 0) at = (at + 1) & mask
  table.slots[at] = entry + 1
}
