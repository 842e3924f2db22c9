import { canonicalText } from '../protocol/canonical.ts'
import { hashBody } from '../protocol/hash.ts'

/** Seconds for which a client may keep a card. */
const MAX_AGE = 300

/**
 * A fetch handler for one public JSON document with ETag, Cache-Control and Last-Modified (RFC 9110),
 * answering 304 to who has it already. The bytes served are the canonical form, so that a signature over
 * it can be checked with any tool.
 * @param lastModified Unix seconds.
 */
export function serveDocument(
  document: object,
  lastModified: number,
): (request: Request) => Response {
  const text = canonicalText(document)
  const etag = `"${hashBody(document)}"`
  const headers = {
    'content-type': 'application/json',
    'cache-control': `public, max-age=${MAX_AGE}`,
    etag,
    'last-modified': new Date(lastModified * 1000).toUTCString(),
    'access-control-allow-origin': '*',
    vary: 'accept-encoding',
  }
  return (request) => {
    const known = request.headers.get('if-none-match')
    const has = known?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
    if (has || known?.trim() === '*') return new Response(null, { status: 304, headers })
    return new Response(request.method === 'HEAD' ? null : text, { headers })
  }
}
