import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSWASMModule,
  RELEASE_SYNC,
} from 'quickjs-emscripten'
import { FUEL, meter } from './meter.ts'

/** A JavaScript engine in WebAssembly that runs on fuel. */
export interface Engine {
  quickjs: QuickJSWASMModule
  /** Units left; below zero the engine has stopped for good. */
  fuel: { value: bigint }
}

/** What is used of the platform's WebAssembly, whose types come with browsers only. */
interface Platform {
  compile(binary: Uint8Array): Promise<object>
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> }
}
const platform = (globalThis as unknown as { WebAssembly: Platform }).WebAssembly

let compiled: Promise<object> | undefined

/** A fresh engine with so much fuel; the metered code is compiled once for each thread. */
export async function startEngine(fuel: number): Promise<Engine> {
  compiled ??= compile()
  const module = await compiled
  let gauge: Engine['fuel'] | undefined
  const options = {
    instantiateWasm(imports: object, onSuccess: (instance: object) => void) {
      const instance = new platform.Instance(module, imports)
      gauge = instance.exports[FUEL] as Engine['fuel']
      onSuccess(instance)
      return instance.exports
    },
  }
  const quickjs = await newQuickJSWASMModuleFromVariant(
    newVariant(RELEASE_SYNC, { emscriptenModule: options }),
  )
  if (gauge === undefined) throw new Error('the engine has no gauge')
  gauge.value = BigInt(fuel)
  return { quickjs, fuel: gauge }
}

async function compile(): Promise<object> {
  const path = fileURLToPath(import.meta.resolve('@jitl/quickjs-wasmfile-release-sync/wasm'))
  return platform.compile(meter(readFileSync(path)))
}
