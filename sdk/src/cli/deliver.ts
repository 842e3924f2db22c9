import { readFileSync } from 'node:fs'
import { basename, extname } from 'node:path'
import { EarnestError } from '../protocol/error.ts'
import type { ToolResult } from '../tools/index.ts'
import { callSeller } from './control.ts'
import { flagsOf } from './input.ts'

const MIMES: Record<string, string> = {
  '.json': 'application/json',
  '.csv': 'text/csv',
  '.md': 'text/markdown',
  '.txt': 'text/plain',
  '.html': 'text/html',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.zip': 'application/zip',
}

/**
 * Sends every `--file` and hands the work in. The keys follow from `--key`, so that the same command again
 * sends nothing twice.
 */
export async function deliver(
  socket: string,
  args: readonly string[],
  say: (line: string) => void,
): Promise<ToolResult> {
  const files: string[] = []
  const given: Record<string, string> = {}
  for (const { name, value } of flagsOf(args)) {
    if (name === 'file') files.push(value)
    else given[name] = value
  }
  const { service_id, milestone, deliver_anyway, key = crypto.randomUUID() } = given
  if (service_id === undefined || files.length === 0) {
    throw new EarnestError('invalid_input', 'Want --service-id and at least one --file')
  }
  if (given.key === undefined)
    say(`key: ${key} (repeat with --key to go on with the same delivery)`)
  const part = { service_id, ...(milestone !== undefined && { milestone: Number(milestone) }) }
  for (const [index, path] of files.entries()) {
    const input = {
      ...part,
      key: `${key}:${index}`,
      name: basename(path),
      mime: MIMES[extname(path)] ?? 'application/octet-stream',
      content: { base64: base64Of(path) },
    }
    const sent = await callSeller(socket, { tool: 'send_artifact', input })
    if (!sent.ok) return sent
    say(`sent ${input.name}`)
  }
  const anyway = deliver_anyway === 'true' ? { deliver_anyway: true } : {}
  return await callSeller(socket, {
    tool: 'complete_service',
    input: { ...part, key: `${key}:complete`, ...anyway },
  })
}

function base64Of(path: string): string {
  try {
    return readFileSync(path).toString('base64')
  } catch (cause) {
    throw new EarnestError('invalid_input', `Cannot read ${path}`, { cause })
  }
}
