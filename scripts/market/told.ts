import type { Store } from '@earnest/sdk/protocol'

type Phase = 'before' | 'after'

/**
 * Asks whoever tries this process whether it may go on: before a step, and once it is done. Nobody is
 * asked where no `GATE_URL` is set. The answer may never come.
 */
export async function pass(step: string, phase: Phase): Promise<void> {
  const { GATE_URL } = process.env
  if (GATE_URL === undefined) return
  await fetch(`${GATE_URL}?${new URLSearchParams({ step, phase })}`, { method: 'POST' })
}

/** A store each of whose writes is a step; `nameOf` gives its name, undefined for what is none. */
export function told(
  store: Store,
  nameOf: (key: string, was: unknown, will: unknown) => string | undefined,
): Store {
  if (process.env.GATE_URL === undefined) return store
  async function tell<T>(name: string | undefined, write: () => Promise<T>): Promise<T> {
    if (name === undefined) return await write()
    await pass(`writes ${name}`, 'before')
    const written = await write()
    await pass(`writes ${name}`, 'after')
    return written
  }
  return {
    ...store,
    set: (key, value) => tell(nameOf(key, undefined, value), () => store.set(key, value)),
    swap: (key, was, value) => tell(nameOf(key, was, value), () => store.swap(key, was, value)),
    delete: (key) => tell(nameOf(key, undefined, undefined), () => store.delete(key)),
  }
}
