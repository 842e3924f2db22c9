import {
  newQuickJSWASMModuleFromVariant,
  type QuickJSRuntime,
  RELEASE_SYNC,
} from 'quickjs-emscripten'

/** What foreign code may use in one report, all criteria together. */
export interface Limits {
  /** A step is one interrupt of the interpreter, about 0.1 to 0.3 ms, or four calls. */
  steps: number
  memoryBytes: number
  stackBytes: number
}

/** Steps for about a second, 64 MiB of memory, 512 KiB of stack. */
export const DEFAULT_LIMITS: Limits = {
  steps: 5000,
  memoryBytes: 64 * 1024 * 1024,
  stackBytes: 512 * 1024,
}

/** Short calls are over before a step is counted, so their number is. */
const STEPS_OF_A_CALL = 0.25

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
 * its scripts share one budget of steps.
 */
export interface Sandbox {
  /** A fresh runtime with the script in it: nothing that an earlier script left behind. */
  open(script: string): Session
}

// Every run must come out the same, so nothing that differs between runs may be in reach.
const PRELUDE = 'delete globalThis.Date; delete Math.random; delete globalThis.performance;'

/** A fresh engine for one verification. */
export async function createSandbox(limits: Limits = DEFAULT_LIMITS): Promise<Sandbox> {
  const engine = await newQuickJSWASMModuleFromVariant(RELEASE_SYNC)
  let steps = 0
  const spend = (more: number) => {
    steps += more
    return steps > limits.steps
  }
  return { open: (script) => openSession(engine.newRuntime(), { limits, script, spend }) }
}

function openSession(
  runtime: QuickJSRuntime,
  {
    limits,
    script,
    spend,
  }: {
    limits: Limits
    script: string
    /** True once there are no steps left. */
    spend: (steps: number) => boolean
  },
): Session {
  let exhausted = false
  runtime.setMemoryLimit(limits.memoryBytes)
  runtime.setMaxStackSize(limits.stackBytes)
  runtime.setInterruptHandler(() => {
    exhausted ||= spend(1)
    return exhausted
  })
  const context = runtime.newContext()

  /** The text of the result, or why there is none. */
  function evaluate(source: string): string | SandboxResult {
    using result = context.evalCode(source)
    if (result.error) return failureOf(context.dump(result.error), exhausted)
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
      if (spend(STEPS_OF_A_CALL)) return { outcome: 'exhausted' }
      const text = guard(() => {
        using input = context.newString(JSON.stringify(args))
        context.setProp(context.global, '__input', input)
        return evaluate(`JSON.stringify({ value: (${name})(...JSON.parse(__input)) })`)
      })
      if (typeof text !== 'string') return text
      // JSON turns NaN and infinities into null, which no caller takes for a number.
      const { value } = JSON.parse(text) as { value?: unknown }
      return { outcome: 'returned', value }
    },
    [Symbol.dispose]() {
      disposeQuietly(context)
      disposeQuietly(runtime)
    },
  }
}

// The engine itself may give up in the middle of a host call: that is out of memory too.
function guard(work: () => string | SandboxResult): string | SandboxResult {
  try {
    return work()
  } catch {
    return { outcome: 'exhausted' }
  }
}

function failureOf(error: unknown, exhausted: boolean): SandboxResult {
  const message = isNamed(error) ? `${error.name}: ${error.message}` : String(error)
  // The engine reports its own limits as InternalError or null; a script can throw neither name into `exhausted`.
  if (
    exhausted ||
    error === null ||
    /^InternalError: (out of memory|stack overflow|string too long|interrupted)$/.test(message)
  ) {
    return { outcome: 'exhausted' }
  }
  return { outcome: 'threw', message: message.slice(0, 200) }
}

function isNamed(error: unknown): error is { name: string; message: string } {
  return typeof error === 'object' && error !== null && 'name' in error && 'message' in error
}

function disposeQuietly(owned: Disposable): void {
  try {
    owned[Symbol.dispose]()
  } catch {
    // An exhausted runtime may keep handles; its whole engine is dropped with the sandbox.
  }
}
