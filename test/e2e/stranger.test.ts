import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import type { PublicClient } from 'viem'
import { listen } from '../../sdk/src/cli/listen.ts'
import { readBalance } from '../../sdk/src/escrow/token.ts'
import { parseUsdc } from '../../sdk/src/protocol/money.ts'
import { formatUtc } from '../../sdk/src/protocol/time.ts'
import { createSeller } from '../../sdk/src/seller.ts'
import { sellerDefaults } from '../../sdk/src/sellerDefaults.ts'
import { party, register } from '../oracle/support/world.ts'
import {
  buyerParty,
  greeter,
  type Market,
  ORACLE_URL,
  openBuyer,
  openMarket,
  openSeller,
  SELLER_URL,
  taskOf,
  until,
} from '../sdk/support/market.ts'
import { buy } from './stranger/buy.ts'
import { sell } from './stranger/sell.ts'
import { stranger } from './stranger/speak.ts'

describe('strangers who have only read the documents', () => {
  let market: Market
  before(async () => {
    market = await openMarket()
  })
  after(() => market.close())

  test('no line of theirs is ours', () => {
    for (const name of readdirSync('test/e2e/stranger')) {
      const text = readFileSync(`test/e2e/stranger/${name}`, 'utf8')
      const sources = [...text.matchAll(/from '([^']+)'|import\('([^']+)'\)/g)].map(
        (found) => found[1] ?? found[2],
      )
      assert.deepEqual(
        sources.filter(
          (source) => !/^(node:|viem|@a2a-js\/sdk|\.\/[a-z]+\.ts$)/.test(String(source)),
        ),
        [],
        name,
      )
    }
  })

  test('[GOV-11] a stock A2A client, with the platform’s Ed25519 and Circle’s own token, discovers, negotiates, pays and receives a deliverable with the page alone', async () => {
    const { wallet } = party(61)
    await market.endow(wallet.address, parseUsdc('10'))
    const seller = await openSeller(market)
    await seller.register()
    await seller.start()
    try {
      const { files, pact, rounds } = await buy({
        me: stranger(new Uint8Array(32).fill(61), wallet),
        fetch: market.fetch,
        sellerUrl: SELLER_URL,
        oracle: { url: ORACLE_URL, did: market.world.oracle.signer.did },
        clock: () => market.clock.now(),
        chain: market.wallet(wallet) as unknown as PublicClient,
        wallet: market.wallet(wallet),
      })
      assert.deepEqual(rounds, ['counter_proposed', 'accepted', 'completed'])
      assert.equal(pact.paymentUsdc, '1')
      const text = new TextDecoder().decode(files.get('deliverable.json'))
      assert.deepEqual(JSON.parse(text), { greeting: 'hello', to: 'Ann' })
    } finally {
      await seller.stop()
    }
  })

  test('[DIS-19] an agent that is one function over plain HTTP registers, is found, hired and paid', async () => {
    const { wallet } = party(62)
    await market.endow(buyerParty.wallet.address, parseUsdc('10'))
    const me = stranger(new Uint8Array(32).fill(62), wallet)
    const url = 'http://plain.test'
    const handler = await sell({
      me,
      fetch: market.fetch,
      url,
      oracle: { url: ORACLE_URL, did: market.world.oracle.signer.did },
      rpcUrl: market.ground.url,
      clock: () => market.clock.now(),
      work: ({ to }) => ({ greeting: 'hello', to }),
    })
    market.hosts.set('plain.test', handler)
    const buyer = openBuyer(market)
    const found = await buyer.search({ capability: 'greeting' })
    assert.ok(found.some(({ record }) => record.did === me.did))
    const options = { task: taskOf(market), paymentUsdc: parseUsdc('2') }
    const { settlementStatus, deliverable, receipts } = await buyer.hire(url, options)
    assert.equal(settlementStatus, 'released')
    assert.equal(receipts.signed.pact.seller.did, me.did)
    const [file] = deliverable?.files ?? []
    assert.deepEqual(JSON.parse(new TextDecoder().decode(file?.bytes)), {
      greeting: 'hello',
      to: 'Ann',
    })
    const { token } = market.ground.deployment
    const paid = await readBalance(market.ground.client, { token, owner: wallet.address })
    assert.equal(paid, parseUsdc('1.99'))
  })

  test('a seller that says no more than its defaults ask is found, hired and paid', async () => {
    const { identity, wallet } = party(63)
    await market.endow(buyerParty.wallet.address, parseUsdc('10'))
    const facts = {
      identity,
      wallet: market.wallet(wallet),
      oracle: market.oracleFor(identity),
      clock: market.clock,
      name: 'Greeter',
      description: 'Says hello for money',
      endpoint: 'http://plainest.test/a2a',
      skills: [greeter],
    } as const
    const { chainId, escrow, token } = market.ground.deployment
    await assert.rejects(
      sellerDefaults({ ...facts, venue: { chainId, escrow, token, arbiters: [wallet.address] } }),
      { code: 'venue_mismatch' },
    )
    const seller = createSeller(await sellerDefaults(facts))
    market.hosts.set('plainest.test', seller.fetch)
    await seller.register()
    await seller.start()
    try {
      const options = { task: taskOf(market), paymentUsdc: parseUsdc('2') }
      const hired = await openBuyer(market).hire('http://plainest.test', options)
      assert.equal(hired.settlementStatus, 'released')
    } finally {
      await seller.stop()
    }
  })

  test('[DRV-10] [TOL-22] stock MCP clients complete a whole trade over standard input and output, and the same verbs stand on the command line', async () => {
    const [buyer, seller] = [party(64), party(65)]
    await market.endow(buyer.wallet.address, parseUsdc('50'))
    await market.endow(seller.wallet.address, 0n)
    // Only registered buyers are quoted for.
    await register(market.world, buyer)
    const folder = mkdtempSync(join(tmpdir(), 'earnest-mcp-'))
    const site = await openSite(market)
    const port = await freePort()
    const sellerUrl = `http://127.0.0.1:${port}`
    const seat = (who: number, name: string) => ({
      AGENT_PRIVATE_KEY: Buffer.alloc(32, who).toString('hex'),
      EARNEST_WALLET_KEY: `0x${who.toString(16).repeat(32)}`,
      EARNEST_RPC_URL: market.ground.url,
      EARNEST_ORACLE_URL: site.url,
      EARNEST_ORACLE_DID: market.world.oracle.signer.did,
      EARNEST_FOLDER: join(folder, name),
      EARNEST_ALLOW_HTTP: '1',
    })
    const shop = join(folder, 'seller.json')
    writeFileSync(
      shop,
      JSON.stringify({
        name: 'Greeter',
        description: 'Says hello for money',
        endpoint: `${sellerUrl}/a2a`,
        services: [
          {
            id: 'greeting',
            name: 'Greeting',
            description: 'Says hello as JSON',
            minPaymentUsdc: '1',
            minSeconds: 0,
          },
        ],
      }),
    )
    const selling = await openClient(seat(65, 'seller'), ['--seller', shop, '--port', String(port)])
    const buying = await openClient(seat(64, 'buyer'), [])
    try {
      const { tools } = await buying.listTools()
      assert.deepEqual(tools.map(({ name }) => name).slice(0, 3), [
        'discover_agents',
        'assess_agent',
        'hire_agent',
      ])
      await until(async () => {
        // A slow oracle may refuse a question; it is asked again.
        const { agents = [] } = await facts(buying, 'discover_agents', { capability: 'greeting' })
        return (agents as { agent_url: string }[]).some(({ agent_url }) => agent_url === sellerUrl)
      })
      const asked = { agent_url: sellerUrl, capability: 'greeting', payment_usdc: '10' }
      const { description, input, outputFormats, acceptance, deadline } = taskOf(market)
      const wish = {
        ...asked,
        ...{ key: 'wish-1', description, input, output_formats: outputFormats, acceptance },
        deadline: formatUtc(deadline),
      }
      const assessed = await facts(buying, 'assess_agent', { ...asked, acceptance })
      assert.equal(assessed.approved, true, JSON.stringify(assessed))
      const hired = facts(buying, 'hire_agent', wish)

      let service: { service_id: string; status: string } | undefined
      await until(async () => {
        const { services } = await facts(selling, 'list_services', {})
        service = (services as (typeof service & {})[]).find(({ status }) => status === 'funded')
        return service !== undefined
      })
      const service_id = String(service?.service_id)
      const early = await facts(selling, 'complete_service', { key: 'early', service_id })
      assert.deepEqual([early.ok, early.code], [false, 'no_artifact_since_status_change'])
      // The second half of the seller's work is done by the command line, beside the server that runs.
      const file = join(folder, 'deliverable.json')
      writeFileSync(file, JSON.stringify({ greeting: 'hello', to: 'Ann' }))
      const handedIn = await command(seat(65, 'seller'), [
        ...['deliver', '--service-id', service_id, '--file', file, '--key', 'd-1'],
      ])
      assert.equal(handedIn.ok, true, JSON.stringify(handedIn))
      const result = await hired
      assert.deepEqual([result.ok, result.status], [true, 'completed'], JSON.stringify(result))
      assert.equal((await facts(buying, 'hire_agent', wish)).escrow_id, result.escrow_id)
      const reused = await facts(buying, 'hire_agent', { ...wish, payment_usdc: '11' })
      assert.deepEqual([reused.ok, reused.code], [false, 'key_reused'])
      const nonsense = await facts(buying, 'hire_agent', { key: 'x' })
      assert.deepEqual([nonsense.ok, nonsense.code], [false, 'invalid_input'])
      await assert.rejects(buying.callTool({ name: 'drain_wallet', arguments: {} }), /No such tool/)
      const { token } = market.ground.deployment
      const paid = await readBalance(market.ground.client, {
        ...{ token, owner: seller.wallet.address },
      })
      assert.equal(paid, parseUsdc('9.95'))

      await buying.close()
      const trade = ['status', '--trade-id', String(result.trade_id)]
      const status = await command(seat(64, 'buyer'), trade)
      assert.deepEqual([status.ok, status.payment_usdc], [true, '10'])
      const quote = await command(seat(64, 'buyer'), [
        ...['quote', '--agent-url', sellerUrl, '--capability', 'greeting'],
        ...['--payment-usdc', '10', '--acceptance', JSON.stringify(acceptance)],
      ])
      assert.equal((quote.quote as { protocol_fee_usdc: string }).protocol_fee_usdc, '0.05')
      const { identity } = seller
      const report = await command(seat(64, 'buyer'), ['doctor', '--id', identity.did])
      assert.equal(report.of, 30)
      await selling.close()
      const stopped = await command(seat(65, 'seller'), ['services'])
      assert.deepEqual([stopped.ok, stopped.code], [false, 'seller_not_running'])
      const blind = await command({}, ['discover', '--capability', 'greeting'])
      assert.deepEqual([blind.ok, blind.code], [false, 'missing_private_key'])
    } finally {
      await buying.close()
      await selling.close()
      site.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

test('the manual’s first buyer, as it is printed, trades on the market that one command starts', async () => {
  mkdirSync('.earnest', { recursive: true })
  const folder = mkdtempSync(resolve('.earnest/reader-'))
  const settings = join(folder, 'settings')
  const market = spawn(process.execPath, ['scripts/local.ts', '--settings', settings], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((end) => market.once('exit', end))
  try {
    const lines: string[] = []
    await new Promise<void>((ready, fail) => {
      createInterface({ input: market.stdout }).on('line', (line) => {
        lines.push(line)
        if (line.includes('Ctrl-C')) ready()
      })
      market.once('exit', () => fail(new Error(lines.join('\n'))))
    })
    const manual = readFileSync('sdk/README.md', 'utf8')
    const [, printed] = /## Buy\n\n```ts\n(.*?)```/s.exec(manual) ?? []
    assert.ok(printed)
    writeFileSync(join(folder, 'buy.ts'), printed)
    const args = [`--env-file=${join(settings, 'buyer.env')}`, 'buy.ts']
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder })
    assert.match(stdout, /^released .*RFC 8259/ms)
    assert.doesNotMatch(stdout, /false/)
  } finally {
    market.kill('SIGINT')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
})

const CLI = 'sdk/src/cli/main.ts'

/** The market's oracle on a port, where other processes reach it. */
async function openSite({ world }: Market): Promise<{ url: string; close(): void }> {
  let app: ReturnType<typeof world.appAt> | undefined
  const server = await listen(
    (request) => app?.fetch(request) ?? new Response(null, { status: 503 }),
    { port: 0, host: '127.0.0.1' },
  )
  const url = `http://127.0.0.1:${portOf(server)}`
  app = world.appAt(url)
  return {
    url,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function freePort(): Promise<number> {
  const server = await listen(() => new Response(), { port: 0, host: '127.0.0.1' })
  const port = portOf(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

function portOf(server: Server): number {
  const bound = server.address()
  return typeof bound === 'object' && bound ? bound.port : 0
}

/** The official client of the protocol, with our server as its child. */
async function openClient(env: Record<string, string>, args: readonly string[]): Promise<Client> {
  const client = new Client({ name: 'stock', version: '1' })
  const command = process.execPath
  await client.connect(
    new StdioClientTransport({ command, args: [CLI, 'mcp', ...args], env, stderr: 'ignore' }),
  )
  return client
}

/** What a tool says; the text and the structured answer are the same. */
async function facts(
  client: Client,
  name: string,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const answer = await client.callTool({ name, arguments: input })
  const [block] = answer.content as { type: string; text: string }[]
  assert.deepEqual(JSON.parse(block?.text ?? ''), answer.structuredContent)
  assert.equal(answer.isError, !(answer.structuredContent as { ok: boolean }).ok)
  return answer.structuredContent as Record<string, unknown>
}

/** A command of its own, as a person types it; what it prints. */
async function command(
  env: Record<string, string>,
  args: readonly string[],
): Promise<Record<string, unknown>> {
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, [CLI, ...args], { env }, (error, out, said) => {
      if (out === '') reject(error ?? new Error(said))
      else resolve(JSON.parse(out))
    })
  })
}
