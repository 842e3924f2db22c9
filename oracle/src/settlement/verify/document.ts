import { type Finding, failed, undecided } from './finding.ts'
import { type Parsed, readJson } from './parseJson.ts'

/** One delivered file whose content is read: its text and its JSON, each made once. */
export interface Document {
  name: string
  mime: string
  /** Undefined where the bytes are no UTF-8 text. */
  text(): string | undefined
  json(): Parsed
}

/** Opens a file by its bytes, which are those that the manifest promises. */
export function openDocument(name: string, mime: string, bytes: Uint8Array): Document {
  let text: { text: string | undefined } | undefined
  let json: Parsed | undefined
  const document: Document = {
    name,
    mime,
    text() {
      text ??= { text: decodeText(bytes) }
      return text.text
    },
    json() {
      if (json === undefined) {
        const found = document.text()
        json = found === undefined ? 'not_json' : readJson(found)
      }
      return json
    },
  }
  return document
}

/** The JSON of a document with the number of its values; a finding where it is none or has too many. */
export function jsonOf(document: Document): Exclude<Parsed, string> | Finding {
  const json = document.json()
  if (json === 'too_many_values') return undecided('content_too_large')
  return json === 'not_json' ? failed('not_json', [document.name]) : json
}

/** Strict UTF-8; undefined for anything else. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
