import { artifactHash, canonicalText, hashBytes, manifestOf } from '@earnest/sdk/protocol'

const file = (name: string, mime: string, content: string) => {
  const bytes = new TextEncoder().encode(content)
  return { name, mime, size: bytes.length, sha256: hashBytes(bytes) }
}

/** Manifests, given in any order, and the hash that goes on chain. */
export function manifestVectors() {
  const lists = {
    'one file': [file('result.json', 'application/json', '{"ok":true}')],
    'sorted by code units, folders included': [
      file('summary.pdf', 'application/pdf', '%PDF-1.7'),
      file('b/notes.md', 'text/markdown', '# Notes'),
      file('B.csv', 'text/csv', 'a,b\n1,2\n'),
      file('b-1.txt', 'text/plain', 'x'),
    ],
  }
  const cases = Object.entries(lists).map(([name, files]) => {
    const manifest = manifestOf(files)
    return {
      name,
      files,
      manifest,
      canonical: canonicalText(manifest),
      artifactHash: artifactHash(manifest),
    }
  })
  const one = file('a.txt', 'text/plain', 'x')
  return {
    cases,
    refused: [
      { name: 'no file', manifest: [], code: 'invalid_manifest' },
      { name: 'an empty file', manifest: [{ ...one, size: 0 }], code: 'invalid_manifest' },
      { name: 'a name twice', manifest: [one, one], code: 'manifest_not_sorted' },
      {
        name: 'not sorted',
        manifest: [{ ...one, name: 'b.txt' }, one],
        code: 'manifest_not_sorted',
      },
      { name: 'a way out', manifest: [{ ...one, name: '../a' }], code: 'invalid_manifest' },
      {
        name: 'a way out inside',
        manifest: [{ ...one, name: 'x/../a' }],
        code: 'invalid_manifest',
      },
      { name: 'an absolute name', manifest: [{ ...one, name: '/a' }], code: 'invalid_manifest' },
      { name: 'an unknown field', manifest: [{ ...one, url: 'x' }], code: 'invalid_manifest' },
      {
        name: 'a hash in upper case',
        manifest: [{ ...one, sha256: one.sha256.toUpperCase() }],
        code: 'invalid_manifest',
      },
    ],
  }
}
