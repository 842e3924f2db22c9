/**
 * `npm run pack`: what is published of `@earnest/contracts` and `@earnest/sdk`, each as a folder of
 * JavaScript with declarations under `dist/` and as the tarball that npm would upload. The sources
 * run without a build here; Node strips no types in `node_modules`, so others need one.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { run } from './pack/run.ts'

/** A package and what goes beside its compiled files. */
const packages = [
  { name: 'contracts', beside: ['src'] },
  { name: 'sdk', beside: [] },
]

rmSync('dist', { recursive: true, force: true })
run('tsc', ['-p', 'scripts/pack'])
mkdirSync('dist/tarballs')
for (const { name, beside } of packages) {
  for (const path of ['README.md', ...beside]) {
    cpSync(`${name}/${path}`, `dist/${name}/${path}`, { recursive: true })
  }
  cpSync('LICENSE', `dist/${name}/LICENSE`)
  const manifest = JSON.parse(readFileSync(`${name}/package.json`, 'utf8')) as Manifest
  writeFileSync(`dist/${name}/package.json`, `${JSON.stringify(published(manifest), null, 2)}\n`)
  run('npm', ['pack', '--silent', `./dist/${name}`, '--pack-destination', 'dist/tarballs'])
}

interface Manifest {
  exports: Record<string, string>
  imports?: Record<string, Record<string, string>>
  bin?: Record<string, string>
  [field: string]: unknown
}

/** The manifest of a workspace as its users get it: every entry is compiled, with its types. */
function published({ devDependencies: _, files: __, ...manifest }: Manifest): Manifest {
  const { exports, imports, bin } = manifest
  return {
    ...manifest,
    engines: { node: '>=22' },
    exports: mapValues(exports, entry),
    ...(imports && { imports: mapValues(imports, (targets) => mapValues(targets, compiled)) }),
    ...(bin && { bin: mapValues(bin, compiled) }),
  } as Manifest
}

function entry(path: string): string | { types: string; default: string } {
  return path.endsWith('.ts') ? { types: declared(path), default: compiled(path) } : path
}

function compiled(path: string): string {
  return path.replace(/\.ts$/, '.js')
}

function declared(path: string): string {
  return path.replace(/\.ts$/, '.d.ts')
}

function mapValues<T, R>(record: Record<string, T>, map: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
