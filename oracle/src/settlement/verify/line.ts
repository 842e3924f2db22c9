/** Those who wait for a thing of which there are few: owners take turns, and each turn gives one. */
export interface Line<Thing> {
  /** Waits for one. */
  wait(owner: string): Promise<Thing>
  /** True while somebody waits who may have one now. */
  isWaiting(): boolean
  /** Gives one to whoever is next. */
  serve(thing: Thing): void
  /** An owner gives one back. */
  leave(owner: string): void
}

type Standing<Thing> = {
  waiting: ((thing: Thing) => void)[]
  held: number
  /** When it was served last; 0: not since it came, or since it let somebody pass who had just come. */
  turn: number
}

/**
 * A line in which nobody is kept waiting by how much another wants: next is who was served longest ago. Who
 * comes is first, but nobody lets that happen twice: however many come, those that wait get their turn.
 * @param most How many one owner may hold at a time.
 */
export function createLine<Thing>({ most }: { most: number }): Line<Thing> {
  const owners = new Map<string, Standing<Thing>>()
  let turns = 0

  const mayHave = ({ waiting, held }: Standing<Thing>) => waiting.length > 0 && held < most
  function next(): Standing<Thing> | undefined {
    let found: Standing<Thing> | undefined
    for (const one of owners.values()) {
      if (!mayHave(one)) continue
      if (found === undefined || one.turn < found.turn) found = one
    }
    return found
  }

  return {
    wait: (owner) =>
      new Promise((resolve) => {
        const own = owners.get(owner) ?? { waiting: [], held: 0, turn: 0 }
        owners.set(owner, own)
        own.waiting.push(resolve)
      }),
    isWaiting: () => next() !== undefined,
    serve(thing) {
      const own = next()
      const resolve = own?.waiting.shift()
      if (!own || !resolve) return
      own.held += 1
      if (own.turn === 0) {
        for (const one of owners.values()) if (one !== own && mayHave(one)) one.turn = 0
      }
      own.turn = ++turns
      resolve(thing)
    },
    leave(owner) {
      const own = owners.get(owner)
      if (!own) return
      own.held -= 1
      if (own.held === 0 && own.waiting.length === 0) owners.delete(owner)
    },
  }
}
