import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Source texts by the names that imports resolve to. */
export type Sources = Map<string, string>

/** A node of solc's syntax tree, as far as mutation looks at one. */
export type AstNode = { nodeType: string; src: string } & Record<string, unknown>

export interface CompilerError {
  severity: 'error' | 'warning' | 'info'
  message: string
  sourceLocation?: { file: string; start: number; end: number }
}

interface CompilerOutput {
  errors?: CompilerError[]
  sources: Record<string, { ast: AstNode }>
  contracts?: Record<
    string,
    Record<string, { evm: Record<'bytecode' | 'deployedBytecode', { object: string }> }>
  >
}

const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }

/** Every contract of contracts/src and what they import. */
export function readSources(): Sources {
  const sources: Sources = new Map()
  const waiting = globSync('contracts/src/**/*.sol').sort()
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (sources.has(name)) continue
    const text = readFileSync(name.startsWith('@') ? join('node_modules', name) : name, 'utf8')
    sources.set(name, text)
    for (const [, target = ''] of text.matchAll(/^(?:import|\}).*?"([^"]+)";$/gm)) {
      waiting.push(target.startsWith('.') ? join(dirname(name), target) : target)
    }
  }
  return sources
}

/** One hash over all sources: figures belong to it. */
export function hashSources(sources: Sources): string {
  const hash = createHash('sha256')
  for (const name of [...sources.keys()].sort()) hash.update(`${name}\0${sources.get(name)}\0`)
  return hash.digest('hex')
}

/** Compiles as hardhat.config.ts does; without `outputs` it only analyses. */
export function compile(sources: Sources, outputs: Record<string, string[]> = {}): CompilerOutput {
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries([...sources].map(([name, content]) => [name, { content }])),
    settings: {
      evmVersion: 'prague',
      viaIR: true,
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { '*': outputs },
    },
  }
  return JSON.parse(solc.compile(JSON.stringify(input))) as CompilerOutput
}

/** The nodes right below one. */
export function childrenOf(node: AstNode): AstNode[] {
  return Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter((value): value is AstNode => isNode(value))
}

function isNode(value: unknown): value is AstNode {
  return typeof value === 'object' && value !== null && 'nodeType' in value && 'src' in value
}
