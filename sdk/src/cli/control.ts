import { rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { createInterface } from 'node:readline'
import { EarnestError } from '../protocol/error.ts'
import type { Tool, ToolResult } from '../tools/index.ts'

/** Longest line that a command takes. */
const MAX_LINE = 8 * 1024 * 1024

/**
 * Lets other commands of this user call the tools of a seller that runs: its socket lies in
 * its folder, for the owner alone. One JSON object a line: `{tool, input}`, then the result.
 */
export async function openControl(path: string, tools: readonly Tool[]): Promise<Server> {
  rmSync(path, { force: true })
  const server = createServer((socket) => {
    socket.on('error', () => {})
    let length = 0
    socket.on('data', (bytes) => {
      length += bytes.length
      if (length > MAX_LINE) socket.destroy()
    })
    createInterface({ input: socket }).once('line', async (line) => {
      socket.end(`${JSON.stringify(await answer(tools, line))}\n`)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // It is made within this call, and is nobody else's from its first moment on.
    const mask = process.umask(0o177)
    try {
      server.listen(path, resolve)
    } finally {
      process.umask(mask)
    }
  })
  return server
}

async function answer(tools: readonly Tool[], line: string): Promise<ToolResult> {
  let asked: { tool?: unknown; input?: unknown }
  try {
    asked = JSON.parse(line)
  } catch {
    asked = {}
  }
  const tool = tools.find(({ name }) => name === asked.tool)
  if (tool) return await tool.execute(asked.input)
  const message = 'The seller that runs has no such tool'
  const next_step = 'Do not repeat this.'
  return { ok: false, code: 'unknown_tool', message, retryable: false, next_step }
}

/** Calls a tool of the seller that runs over this folder. Throws `seller_not_running`. */
export async function callSeller(
  path: string,
  call: { tool: string; input: object },
): Promise<ToolResult> {
  const { promise, resolve, reject } = Promise.withResolvers<ToolResult>()
  const refuse = () =>
    reject(
      new EarnestError('seller_not_running', 'No seller runs here: start `earnest serve` first', {
        retryable: true,
      }),
    )
  const socket = connect(path)
  socket.on('error', refuse)
  socket.on('close', refuse)
  createInterface({ input: socket })
    .on('error', refuse)
    .once('line', (line) => {
      resolve(JSON.parse(line) as ToolResult)
      socket.end()
    })
  socket.write(`${JSON.stringify(call)}\n`)
  return await promise
}
