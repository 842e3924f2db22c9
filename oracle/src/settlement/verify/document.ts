import { parseJson } from './parseJson.ts'

/** One delivered file whose content is read: its text and its JSON, each made once. */
export interface Document {
  name: string
  mime: string
  /** Undefined where the bytes are no UTF-8 text. */
  text(): string | undefined
  /** Undefined where the text is no JSON. */
  json(): { value: unknown } | undefined
}

/** Opens a file by its bytes, which are those that the manifest promises. */
export function openDocument(name: string, mime: string, bytes: Uint8Array): Document {
  let text: { text: string | undefined } | undefined
  let json: { json: { value: unknown } | undefined } | undefined
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
        json = { json: found === undefined ? undefined : parseJson(found) }
      }
      return json.json
    },
  }
  return document
}

/** Strict UTF-8; undefined for anything else. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
