import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Program, parseSync } from 'oxc-parser'

/** One import or re-export: what it names and whether only types come through it. */
export type Import = { file: string; target: string; typeOnly: boolean }

/** Every file of the repository, tracked or about to be, relative to its root. */
export function files(): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((file) => file !== '' && existsSync(file))
}

/** The TypeScript files under the given folders. */
export function sources(...folders: string[]): string[] {
  return files().filter(
    (file) => file.endsWith('.ts') && folders.some((folder) => file.startsWith(`${folder}/`)),
  )
}

/** Every import and re-export of a file, with relative ones resolved from the root. */
export function importsOf(file: string): Import[] {
  const { module, errors } = parseSync(file, readFileSync(file, 'utf8'))
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`)
  const target = (from: string) => (from.startsWith('.') ? join(dirname(file), from) : from)
  const imports = module.staticImports.map(({ moduleRequest, entries }) => ({
    file,
    target: target(moduleRequest.value),
    typeOnly: entries.length > 0 && entries.every((entry) => entry.isType),
  }))
  const exports = module.staticExports
    .flatMap(({ entries }) => entries)
    .filter((entry) => entry.moduleRequest)
    .map((entry) => ({
      file,
      target: target(entry.moduleRequest?.value ?? ''),
      typeOnly: entry.isType,
    }))
  const text = readFileSync(file, 'utf8')
  const dynamic = module.dynamicImports.map(({ moduleRequest }) => ({
    file,
    target: target(text.slice(moduleRequest.start + 1, moduleRequest.end - 1)),
    typeOnly: false,
  }))
  return [...imports, ...exports, ...dynamic]
}

/** A node of the syntax tree, as far as the rules of this folder look at one. */
export type Node = { type: string } & Record<string, unknown>

/** Every node of a file's syntax tree. */
export function nodesOf(file: string): Node[] {
  const { program } = parseSync(file, readFileSync(file, 'utf8'))
  const found: Node[] = []
  walk(program, found)
  return found
}

function walk(value: Program | unknown, found: Node[]): void {
  if (Array.isArray(value)) for (const item of value) walk(item, found)
  else if (isNode(value)) {
    found.push(value)
    for (const child of Object.values(value)) walk(child, found)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value
}
