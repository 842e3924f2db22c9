import type { openApiDocument } from './openapi.ts'

/** The API as one page that needs no script and no other host. */
export function docsPage(document: ReturnType<typeof openApiDocument>): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const list = operations.map(({ path, method, operation }) => section(path, method, operation))
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(document.info.title)}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
summary { cursor: pointer; padding: .3rem 0 } code, pre { font-size: .85rem }
pre { overflow: auto; max-height: 30rem; padding: .5rem; border: 1px solid #8884 }
b { display: inline-block; min-width: 3.5rem } em { color: #8a4b00; font-style: normal }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } em { color: #e0a060 } }
</style>
<h1>${escapeHtml(document.info.title)}</h1>
<p>${escapeHtml(document.info.description)} <a href="/openapi.json">openapi.json</a></p>
${list.join('\n')}
</html>`
}

function section(path: string, method: string, operation: unknown): string {
  const { summary, security, parameters, requestBody, responses } = operation as {
    summary: string
    security?: unknown
    parameters: unknown[]
    requestBody?: unknown
    responses: unknown
  }
  const signed = security ? ' <em>signed</em>' : ''
  const detail = { parameters, ...(requestBody ? { requestBody } : {}), responses }
  return `<details><summary><b>${method.toUpperCase()}</b> <code>${escapeHtml(path)}</code>${signed} ${escapeHtml(summary)}</summary><pre>${escapeHtml(JSON.stringify(detail, null, 2))}</pre></details>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
