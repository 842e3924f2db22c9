/** On which side of a step: nothing of it has happened yet, or all of it has and its author does not know. */
export type Phase = 'before' | 'after'

/** Held at a step until it is let go of. */
export interface Held {
  step: string
  phase: Phase
  /** Ends the call that is held as the death of its author ends it. */
  drop(): void
}

/** Where every step of every process passes before it takes effect, and again before its author knows. */
export interface Gate {
  /** Resolves at once, or never goes on: false once the author, who was held here, is dead. */
  pass(actor: string, step: string, phase: Phase): Promise<boolean>
  /** Holds an actor at the first wanted step that it comes to; undefined where none came in time. */
  trap(
    actor: string,
    isWanted: (step: string, phase: Phase) => boolean,
    milliseconds: number,
  ): Promise<Held | undefined>
}

/** Makes a gate that lets everything pass until a trap is laid. */
export function createGate({
  onPass = () => {},
}: {
  onPass?: (actor: string, step: string, phase: Phase) => void
} = {}): Gate {
  type Trap = {
    isWanted(step: string, phase: Phase): boolean
    close(held: Held): void
  }
  const traps = new Map<string, Trap>()
  return {
    async pass(actor, step, phase) {
      onPass(actor, step, phase)
      const trap = traps.get(actor)
      if (!trap?.isWanted(step, phase)) return true
      traps.delete(actor)
      return await new Promise((resolve) => trap.close({ step, phase, drop: () => resolve(false) }))
    },
    trap(actor, isWanted, milliseconds) {
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          traps.delete(actor)
          resolve(undefined)
        }, milliseconds)
        const close = (held: Held) => {
          clearTimeout(timer)
          resolve(held)
        }
        traps.set(actor, { isWanted, close })
      })
    },
  }
}
