import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseSync } from 'oxc-parser'

/** Every name that a module exports, sorted; types are marked. Follows `export … from './x.ts'`. */
export function exportsOf(file: string): string[] {
  const { module, errors } = parseSync(file, readFileSync(file, 'utf8'))
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`)
  const names = module.staticExports
    .flatMap((statement) => statement.entries)
    .flatMap((entry) => {
      const from = entry.moduleRequest?.value
      if (entry.exportName.kind === 'None' && entry.importName.kind === 'AllButDefault') {
        if (!from?.startsWith('.'))
          throw new Error(`${file}: export * from '${from}' is not pinned`)
        return exportsOf(join(dirname(file), from))
      }
      const name = entry.exportName.name ?? 'default'
      return [entry.isType || isTypeIn(file, from, entry.importName.name) ? `type ${name}` : name]
    })
  return [...new Set(names)].sort()
}

/** Whether a re-exported name is a type in the module that it comes from. */
function isTypeIn(file: string, from: string | undefined, name: string | null | undefined) {
  if (!from?.startsWith('.') || !name) return false
  return exportsOf(join(dirname(file), from)).includes(`type ${name}`)
}

/** The exports of every TypeScript entry point of every workspace, by the name that a user imports. */
export function exportsOfEntries(): Record<string, string[]> {
  const { workspaces } = readPackage('.')
  const entries = (workspaces ?? []).flatMap((workspace) => {
    const { name, exports } = readPackage(workspace)
    return Object.entries(exports ?? {})
      .filter(([, file]) => file.endsWith('.ts'))
      .map(([entry, file]) => [join(name, entry), exportsOf(join(workspace, file))])
  })
  return Object.fromEntries(entries)
}

function readPackage(folder: string) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string
    workspaces?: string[]
    exports?: Record<string, string>
  }
}
