import type { QuickJSRuntime } from 'quickjs-emscripten'
import { startEngine } from './engine.ts'
import { parseJson } from './parseJson.ts'

/** What foreign code may use for one question. */
export interface Limits {
  /** Calls and turns of loops of the engine itself; the same count on every machine. */
  fuel: number
  memoryBytes: number
  stackBytes: number
}

/** How a call ended; `threw` is the code's own error, `exhausted` a limit. */
export type SandboxResult =
  | { outcome: 'returned'; value: unknown }
  | { outcome: 'threw'; message: string }
  | { outcome: 'exhausted' }

/** A script that is loaded once and called often. */
export interface Session extends Disposable {
  /** Why the script did not load; undefined where it did. */
  fault(): Exclude<SandboxResult, { outcome: 'returned' }> | undefined
  /** True where the script defines a function of this name. */
  has(name: string): boolean
  /** Calls the function `name` with JSON arguments; the result is JSON again. */
  call(name: string, args: readonly unknown[]): SandboxResult
}

/**
 * A JavaScript engine in WebAssembly without network, files, clock, chance or any host function; all
 * its scripts share one fuel.
 */
export interface Sandbox {
  /** A fresh runtime with the script in it: nothing that an earlier script left behind. */
  open(script: string): Session
}

// Every run must come out the same, so nothing that differs between runs may be in reach. What calls and
// what writes the result down is fixed before any script can change it.
const PRELUDE = `
  delete globalThis.Date; delete Math.random; delete globalThis.performance;
  Object.defineProperty(globalThis, '__run', { value: ((parse, stringify) => (called, input) =>
    stringify({ __proto__: null, value: called(...parse(input)) },
      (_, each) => typeof each === 'number' && each - each !== 0 ? undefined : each)
  )(JSON.parse, JSON.stringify) });
`

/** A fresh engine for one question. */
export async function createSandbox(limits: Limits): Promise<Sandbox> {
  const { quickjs, fuel } = await startEngine(limits.fuel)
  const isSpent = () => fuel.value < 0n
  return {
    open: (script) =>
      isSpent() ? spentSession : openSession(quickjs.newRuntime(), { limits, script, isSpent }),
  }
}

/** Of an engine that has stopped. */
const spentSession: Session = {
  fault: () => ({ outcome: 'exhausted' }),
  has: () => false,
  call: () => ({ outcome: 'exhausted' }),
  [Symbol.dispose]() {},
}

function openSession(
  runtime: QuickJSRuntime,
  { limits, script, isSpent }: { limits: Limits; script: string; isSpent: () => boolean },
): Session {
  runtime.setMemoryLimit(limits.memoryBytes)
  runtime.setMaxStackSize(limits.stackBytes)

  // The engine stops in the middle of whatever it does when its fuel is spent, and may give up where the
  // host hands it more than fits into its memory; a fault of the host itself is nobody's result.
  function guard<T>(work: () => T): T | { outcome: 'exhausted' } {
    try {
      return work()
    } catch (error) {
      const isOverflow = error instanceof RangeError && !isSpent()
      if (isOverflow && /call stack/i.test(error.message)) throw error
      return { outcome: 'exhausted' }
    }
  }
  const context = guard(() => runtime.newContext())
  if ('outcome' in context) return spentSession

  /** The text of the result, or why there is none. */
  const evaluate = (source: string): string | SandboxResult => {
    using result = context.evalCode(source, 'script.js', { type: 'global' })
    if (result.error) return failureOf(context.dump(result.error))
    return String(context.dump(result.value))
  }
  const loaded = guard(() => {
    const failure = [PRELUDE, script].map(evaluate).find((each) => typeof each !== 'string')
    return failure ?? ''
  })

  return {
    fault: () => (typeof loaded === 'string' || loaded.outcome === 'returned' ? undefined : loaded),
    has: (name) => guard(() => evaluate(`typeof ${name} === 'function'`)) === 'true',
    call(name, args) {
      if (typeof loaded !== 'string') return loaded
      const text = guard(() => {
        using input = context.newString(JSON.stringify(args))
        context.setProp(context.global, '__input', input)
        return evaluate(`__run(${name}, __input)`)
      })
      if (typeof text !== 'string') return text
      // NaN and infinities are no JSON: left out above, so that nobody takes them for null.
      const result = parseJson(text)
      if (result === undefined)
        return { outcome: 'threw', message: 'the result is too deep or too large' }
      return { outcome: 'returned', value: (result.value as { value?: unknown }).value }
    },
    [Symbol.dispose]() {
      guard(() => context.dispose())
      guard(() => runtime.dispose())
    },
  }
}

function failureOf(error: unknown): SandboxResult {
  const message = isNamed(error) ? `${error.name}: ${error.message}` : String(error)
  // The engine reports its own limits as InternalError or null; a script can throw neither name into `exhausted`.
  if (
    error === null ||
    /^InternalError: (out of memory|stack overflow|string too long)$/.test(message)
  ) {
    return { outcome: 'exhausted' }
  }
  return { outcome: 'threw', message: message.slice(0, 200) }
}

function isNamed(error: unknown): error is { name: string; message: string } {
  return typeof error === 'object' && error !== null && 'name' in error && 'message' in error
}
