#!/usr/bin/env node
import { decode } from '../protocol/decode.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { recount } from '../protocol/recount.ts'
import { hashVerdict, verdictRecordSchema } from '../protocol/verdict.ts'
import { createBuyerTools, type Tool, type ToolResult } from '../tools/index.ts'
import { callSeller, openControl } from './control.ts'
import { checkCredential } from './credential.ts'
import { deliver } from './deliver.ts'
import { examine } from './examine.ts'
import { flagsOf, inputOf, objectOf, readText } from './input.ts'
import { listen } from './listen.ts'
import { readSeller } from './seller.ts'
import { readAgent, readOracle } from './settings.ts'

const USAGE = `earnest <verb> [--flag value ...]

buy        discover  --capability c [--sort score|price] [--limit n]
           assess    --agent-url u --capability c --payment-usdc 12.5
           quote     the same; says the risk and the costs only
           hire      --agent-url u --capability c --payment-usdc 12.5 --deadline 2027-01-31T18:00:00Z
                     --description … --input '{…}' --output-formats '["application/json"]' --acceptance '[…]'
           status    [--trade-id t]        continue --trade-id t      cancel --trade-id t
           dispute   --trade-id t --reason r --claim …
           settle    --trade-id t --seller-percent 60 [--max-seller-percent 70]
sell       serve     --seller seller.json [--port 4000] [--host 127.0.0.1]
           offer     (as create_service)   services
           deliver   --service-id s --file result.json [--file …]
           respond   --service-id s --action defend|agree_refund [--explanation …]
check      verify-verdict --record record.json
           credential --file c.json [--status-within seconds] [--import true]
           doctor    [--id did]
models     mcp       [--seller seller.json --port 4000]: the tools over MCP on standard input and output

Every flag of a tool works; --json and --json-file give the input as JSON. Settings come from the environment:
AGENT_PRIVATE_KEY EARNEST_WALLET_KEY EARNEST_RPC_URL EARNEST_ORACLE_URL EARNEST_ORACLE_DID EARNEST_FOLDER
EARNEST_PER_TRADE EARNEST_OPEN EARNEST_TRUST_POLICY EARNEST_ALLOW_HTTP
`
/** The wall clock: this is the edge of the system. */
const clock = { now: () => Math.floor(Date.now() / 1000) }
/** A model's client waits a minute for an answer; a hire that takes longer says `pending` before. */
const MCP_WAIT_MS = 45_000
const HOUR_MS = 3_600_000

/** Verbs of a buyer, and of a seller that runs, by the tool that they call. */
const BUYING: Record<string, string> = {
  discover: 'discover_agents',
  assess: 'assess_agent',
  quote: 'assess_agent',
  hire: 'hire_agent',
  continue: 'continue_trade',
  cancel: 'cancel_trade',
  dispute: 'dispute_delivery',
  settle: 'settle_dispute',
}
const SELLING: Record<string, string> = {
  offer: 'create_service',
  services: 'list_services',
  respond: 'respond_to_dispute',
}

const say = (line: string) => void process.stderr.write(`${line}\n`)
const print = (value: unknown) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`)

async function main([verb = 'help', ...args]: readonly string[]): Promise<void> {
  if (verb === 'mcp') return await mcp(args)
  if (verb === 'serve') return await serve(args)
  if (verb === 'doctor') return await doctor(args)
  if (verb === 'verify-verdict') return verifyVerdict(args)
  if (verb === 'credential') return print(await checkCredential(args, clock, agent))
  if (verb === 'deliver') return told(await deliver((await agent()).socket, args, say))
  if (SELLING[verb]) return told(await sell(SELLING[verb], args))
  if (verb === 'status') {
    return told(await buy(args.length > 0 ? 'check_trade' : 'list_trades', args))
  }
  if (BUYING[verb]) {
    const result = await buy(BUYING[verb], args)
    return told(verb === 'quote' ? quoteOf(result) : result)
  }
  process.stderr.write(USAGE)
  process.exitCode = verb === 'help' || verb === '--help' ? 0 : 2
}

const agent = () => readAgent(process.env, clock)

function told(result: ToolResult): void {
  print(result)
  process.exitCode = result.ok ? 0 : 1
}

function quoteOf(result: ToolResult): ToolResult {
  if (!result.ok) return result
  const { ok, approved, reason, quote, warnings, next_step } = result
  return { ok, approved, reason, quote, warnings, next_step }
}

async function buyerTools(timeoutMs: number): Promise<readonly Tool[]> {
  const { identity, wallet, oracle, store, limit, trustPolicy, fetch } = await agent()
  return createBuyerTools({
    ...{ identity, wallet, oracles: [oracle], clock, journal: store, limit, timeoutMs, fetch },
    ...(trustPolicy && { trustPolicy }),
    onProgress: ({ step }) => say(step),
  }).tools
}

async function buy(name: string, args: readonly string[]): Promise<ToolResult> {
  const tool = (await buyerTools(HOUR_MS)).find((each) => each.name === name) as Tool
  return await tool.execute(inputOf(tool, args, say))
}

/** The seller's own schemas are where it runs; here flags are read as they look. */
async function sell(tool: string, args: readonly string[]): Promise<ToolResult> {
  const flags = flagsOf(args)
  const properties = Object.fromEntries(flags.map(({ name }) => [name, {}]))
  const isReader = tool === 'list_services'
  const inputSchema = { properties: isReader ? properties : { ...properties, key: {} } }
  const input = inputOf({ inputSchema }, args, say)
  return await callSeller((await agent()).socket, { tool, input })
}

/** Runs the seller of a file: its A2A endpoint, its engine, and the socket for this user's commands. */
async function openSeller(args: readonly string[]) {
  const flags = Object.fromEntries(flagsOf(args).map(({ name, value }) => [name, value]))
  if (flags.seller === undefined) return undefined
  const self = await agent()
  const made = await readSeller(self, {
    file: flags.seller,
    onMessage: ({ content }) => say(content),
  })
  const { port = '4000', host = '127.0.0.1' } = flags
  await listen((request) => made.seller.fetch(request), { port: Number(port), host })
  await openControl(self.socket, made.tools)
  await made.seller.register()
  await made.seller.start()
  say(`${self.identity.did} sells at http://${host}:${port}${made.path}`)
  const stop = () => void made.seller.stop().finally(() => process.exit(0))
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  return made
}

async function serve(args: readonly string[]): Promise<void> {
  if (await openSeller(args)) return
  process.stderr.write(USAGE)
  process.exitCode = 2
}

async function mcp(args: readonly string[]): Promise<void> {
  const { createMcpServer } = await import('../mcp.ts').catch((cause) => {
    if (cause.code !== 'ERR_MODULE_NOT_FOUND') throw cause
    const fix = 'Install it beside this package: npm install @modelcontextprotocol/sdk'
    throw new EarnestError('missing_package', fix, { cause })
  })
  const { StdioServerTransport } = await import('@modelcontextprotocol/sdk/server/stdio.js')
  const tools = (await openSeller(args))?.tools ?? (await buyerTools(MCP_WAIT_MS))
  await createMcpServer({ tools }).connect(new StdioServerTransport())
}

async function doctor(args: readonly string[]): Promise<void> {
  const flags = Object.fromEntries(flagsOf(args).map(({ name, value }) => [name, value]))
  const id = flags.id ?? (await agent()).identity.did
  const checks = await examine(readOracle(process.env, clock), { id, clock })
  const missing = checks.filter(({ holds }) => !holds)
  print({ id, holds: checks.length - missing.length, of: checks.length, missing })
  process.exitCode = missing.length === 0 ? 0 : 1
}

/** Recounts a jury's public record bit for bit. */
function verifyVerdict(args: readonly string[]): void {
  const [flag] = flagsOf(args)
  const wire = objectOf(readText(flag?.value ?? ''))
  const record = decode(verdictRecordSchema, wire, 'invalid_verdict')
  const { faults, undisclosed } = recount(record)
  print({ recordHash: hashVerdict(record), sellerBps: record.sellerBps, faults, undisclosed })
  process.exitCode = faults.length === 0 ? 0 : 1
}

main(process.argv.slice(2)).catch((error) => {
  const code = isEarnestError(error) ? error.code : 'internal'
  const message = error instanceof Error ? error.message : String(error)
  print({ ok: false, code, message, retryable: isEarnestError(error) && error.retryable })
  process.exitCode = 1
})
