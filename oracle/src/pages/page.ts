import { plainLine } from './format.ts'
import { type Html, html } from './markup.ts'

/**
 * What a page of this origin may do: nothing but our own script, style and API. No inline script or
 * style, no frame, no form to elsewhere; text never becomes markup in the browser (trusted types).
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** Headers of every page. */
export const PAGE_HEADERS: Record<string, string> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': POLICY,
  'Cross-Origin-Opener-Policy': 'same-origin-allow-popups',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=()',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
}

const PLACES = [
  ['/agents', 'Agents'],
  ['/trades', 'Trades'],
  ['/oracle', 'Oracle'],
  ['/customer', 'Your trades'],
] as const

export type Page = {
  title: string
  body: Html
  /** Path of the place in the navigation that this page belongs to. */
  place?: string
  /** What the script of this page has to know: which part of it runs, and what for. */
  data?: { part: string; now: string } & Record<string, string>
  /** Two columns beside each other, where there is room. */
  wide?: boolean
}

/** A whole page around its body. */
export function page({ title, body, place, data, wide }: Page): Html {
  const links = PLACES.map(([path, name]) =>
    path === place
      ? html`<a href="${path}" aria-current="page">${name}</a>`
      : html`<a href="${path}">${name}</a>`,
  )
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${plainLine(title)} · Earnest</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/style.css">
<script type="module" src="/assets/${data ? 'client' : 'read'}.js"></script>
</head>
<body${wide ? html` class="wide"` : ''}${Object.entries(data ?? {}).map(([name, value]) => html` data-${name}="${value}"`)}>
<a class="skip" href="#main">To the content</a>
<header class="top">
<a class="mark" href="/">Earnest</a>
<nav aria-label="Places">${links}</nav>
</header>
<main id="main" tabindex="-1">
${body}
</main>
<footer>
<p>What stands here is what the chain and signed papers say. <a href="/docs">The same as an API</a>.</p>
</footer>
</body>
</html>`
}
