import { type Abi, type Hex, slice, toEventSelector, toFunctionSelector } from 'viem'

/**
 * A contract's interface as one log or one call needs it: the item with its selector alone, none for a
 * foreign one. To find an item viem hashes the signatures of all; here they are hashed once.
 */
export type Narrow<A extends Abi> = (selector: Hex | undefined) => A

/** Narrows to the event of a log's first topic. */
export function narrowEvents<const A extends Abi>(abi: A): Narrow<A> {
  return narrow(abi, (item) => (item.type === 'event' ? toEventSelector(item) : undefined))
}

/** Narrows to the function of a call. */
export function narrowFunctions<const A extends Abi>(abi: A): (data: Hex) => A {
  const bySelector = narrow(abi, (item) =>
    item.type === 'function' ? toFunctionSelector(item) : undefined,
  )
  return (data) => bySelector(slice(data, 0, 4))
}

function narrow<A extends Abi>(
  abi: A,
  selectorOf: (item: Abi[number]) => Hex | undefined,
): Narrow<A> {
  const items = new Map<Hex, Abi[number]>()
  for (const item of abi) {
    const selector = selectorOf(item)
    if (selector !== undefined) items.set(selector, item)
  }
  return (selector) => {
    const item = selector === undefined ? undefined : items.get(selector)
    // A part of the interface, told as the whole: what is read of it is what the whole would give.
    return (item ? [item] : []) as unknown as A
  }
}
