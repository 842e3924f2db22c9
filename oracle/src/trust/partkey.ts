import type { Dimension } from '@earnest/sdk/protocol'
import { DIMENSIONS } from './dimension.ts'
import { bandOf } from './market.ts'

/** Keys of narrower records from here on are dimensions, below it capability and price band. */
const DIMENSION_KEY = 1 << 29
const BANDS = 32

/** Key of an agent's record in one capability and price band. */
export function capabilityKey(capability: number, amount: number): number {
  return capability * BANDS + bandOf(amount)
}

/** Capability and price band of a key, or null for the key of a dimension. */
export function capabilityOfKey(key: number): { capability: number; band: number } | null {
  if (key >= DIMENSION_KEY) return null
  return { capability: Math.floor(key / BANDS), band: key % BANDS }
}

/** Key of an agent's record in one dimension. */
export function dimensionKey(dimension: Dimension): number {
  return DIMENSION_KEY + DIMENSIONS.indexOf(dimension)
}
