import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** A file that the pages load. */
export type Asset = { mime: string; bytes: Uint8Array; gzipped: Uint8Array; tag: string }

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

const kinds: Record<string, { mime: string; read: () => Promise<string> }> = {
  'style.css': { mime: 'text/css; charset=utf-8', read: () => text('style.css') },
  'icon.svg': { mime: 'image/svg+xml', read: () => text('icon.svg') },
  'read.js': { mime: 'text/javascript; charset=utf-8', read: () => bundle('client/read.ts') },
  'client.js': { mime: 'text/javascript; charset=utf-8', read: () => bundle('client/main.ts') },
}
const kept = new Map<string, Promise<Asset>>()

/** One of the files of the pages, made at its first use; undefined for any other name. */
export function assetOf(name: string): Promise<Asset> | undefined {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (!kind) return undefined
  const known = kept.get(name)
  if (known) return known
  const made = kind.read().then((content) => assetFrom(kind.mime, content))
  kept.set(name, made)
  made.catch(() => kept.delete(name))
  return made
}

function assetFrom(mime: string, content: string): Asset {
  const bytes = new TextEncoder().encode(content)
  const tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
  return { mime, bytes, gzipped: gzipSync(bytes, { level: 9 }), tag }
}

async function text(name: string): Promise<string> {
  return readFileSync(here(name), 'utf8')
}

/** The script out of its own sources and the kernel's: a page signs what the kernel says, nothing else. */
async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: ['es2022'],
    legalComments: 'none',
    logLevel: 'silent',
  })
  return outputFiles[0]?.text ?? ''
}
