import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createIdentity, hashPact, isEarnestError, type Pact } from '@earnest/sdk/protocol'
import { type Hex, hexToBytes, zeroAddress } from 'viem'
import { checkContracts } from '../../../oracle/src/escrow/contracts.ts'
import { readEvents, verifyJournal } from '../../../oracle/src/store/journal.ts'
import { openStore } from '../../../oracle/src/store/store.ts'
import { fundGas, localAccount, localClient } from '../../../scripts/local/chain.ts'
import type { Deployment } from '../../../scripts/local/deploy.ts'
import { attestorIndexes, localSecret, oracleEnvironment } from '../../../scripts/local/oracle.ts'
import { type Server, startServer } from '../../../scripts/local/postgres.ts'
import { mintUsdc } from '../../../scripts/local/usdc.ts'
import { type Process, startProcess } from '../support/process.ts'
import {
  agree,
  call,
  completionOf,
  type Desk,
  fundingOf,
  pactOf,
  party,
  register,
} from '../support/world.ts'

type Ready = { url: string; did: string }

let server: Server
let databaseUrl: string
let chain: Process<{ url: string; deployment: Deployment }>
let oracles: Process<Ready>[] = []
let environment: Record<string, string>

before(async () => {
  server = await startServer()
  databaseUrl = await server.database('shared')
  chain = await startProcess('scripts/chain.ts', {})
  const { url, deployment } = chain.ready
  await fundGas(localClient(url), localAccount(3).address)
  environment = {
    ...oracleEnvironment({ rpcUrl: url, deployment, data: 'unused' }),
    DATABASE_URL: databaseUrl,
    EARNEST_RATE: '1000',
    EARNEST_NEWCOMER_CAP: '1000000',
    EARNEST_RELAY_GAS_PER_DAY: '1000000000',
  }
  oracles = await Promise.all([start(), start()])
})

after(async () => {
  await Promise.all(oracles.map((oracle) => oracle.end('SIGKILL')))
  await chain?.end('SIGKILL')
  await server?.close()
})

const start = () => startProcess<Ready>('oracle/src/main.ts', environment)

/** The two parties before one of the oracles, whichever it is. */
function deskAt(oracle: () => Process<Ready>): Desk {
  const { url, deployment } = chain.ready
  return {
    ground: { client: localClient(url), deployment },
    oracle: {
      signer: { did: oracle().ready.did },
      clock: { now: () => Math.floor(Date.now() / 1000) },
    },
    app: { request: (path, init) => fetch(`${oracle().ready.url}${path}`, init) },
    buyer: party(17),
    seller: party(34),
  }
}

async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  for (let tries = 0; tries < 600; tries++) {
    const found = await look().catch(() => undefined)
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`never: ${what}`)
}

const read = async <T>(desk: Desk, path: string): Promise<T> =>
  (await (await desk.app.request(path)).json()) as T

async function fundDirectly(desk: Desk, pact: Pact): Promise<void> {
  const { client, deployment } = desk.ground
  const hash = await client.sendTransaction({
    to: deployment.escrow,
    data: await fundingOf(desk, pact),
    account: localAccount(0),
    chain: client.chain,
  })
  await client.waitForTransactionReceipt({ hash })
}

test('[DRV-17] two oracles share one database; one is killed in the middle, nothing is lost or doubled', async () => {
  const [first, second] = oracles
  assert.ok(first && second)
  assert.equal(first.ready.did, second.ready.did)
  const desks = [deskAt(() => first), deskAt(() => second)] as const
  const survivor = desks[1]
  for (const who of [survivor.buyer, survivor.seller]) await register(survivor, who)
  const { client, deployment } = survivor.ground
  const count = 8
  await mintUsdc(client, {
    token: deployment.token,
    to: survivor.buyer.wallet.address,
    amount: 50_000_000n * BigInt(count),
  })

  const trades: { pact: Pact; id: Hex }[] = []
  for (let n = 0; n < count; n++) {
    const desk = desks[n % 2] ?? survivor
    const windows = { review: 0, response: 3600, negotiation: 3600, arbitration: 3600 }
    const base = pactOf(desk)
    const pact = { ...base, timing: { ...base.timing, windows } }
    const id = await agree(desk, pact)
    await fundDirectly(desk, pact)
    trades.push({ pact, id })
    const other = desks[(n + 1) % 2] ?? survivor
    // What one oracle wrote, the other serves.
    await until(
      'funded',
      async () => (await read<{ final: boolean }>(other, `/api/v1/escrows/${id}`)).final,
    )
    const body = await completionOf(desk, pact, {
      files: { 'result.json': '{"greeting":"hello","name":"world"}' },
    })
    if (n === count / 2) {
      // The answer may never come; the survivor has the proof or gets it again.
      const lost = call(desk, {
        by: desk.seller,
        method: 'POST',
        path: '/api/v1/completions',
        body,
      })
      lost.catch(() => {})
      await first.end('SIGKILL')
      await lost.catch(() => {})
      oracles = [second]
      await call(survivor, {
        by: desk.seller,
        method: 'POST',
        path: '/api/v1/completions',
        body,
      })
      oracles.push(await start())
      const replacement = oracles[1]
      assert.ok(replacement)
      Object.assign(first, { ready: replacement.ready })
    } else {
      await call(desk, { by: desk.seller, method: 'POST', path: '/api/v1/completions', body })
    }
  }
  for (const { pact } of trades) {
    await until('fulfilled', async () => {
      const record = await read<{ status: string }>(survivor, `/api/v1/pacts/${hashPact(pact)}`)
      return record.status === 'fulfilled'
    })
  }

  const store = await openStore({ url: databaseUrl })
  try {
    const signer = createIdentity({ secretKey: hexToBytes(localSecret('oracle')) })
    await verifyJournal(store.db, signer)
    for (const { id } of trades) {
      const events = await readEvents(store.db, { after: 0, limit: 1000, escrowId: id })
      const types = events.map(({ type }) => type)
      for (const type of [
        'funding_seen',
        'funded',
        'completion_received',
        'delivered',
        'released',
      ]) {
        assert.equal(types.filter((one) => one === type).length, 1, `${type} of ${id}`)
      }
    }
    const settled = await until('settlements', async () => {
      const rows = await store.db.selectFrom('settlement').selectAll().execute()
      return rows.length === count && rows
    })
    assert.ok(settled.every((row) => row.counts))
    const failed = await store.db.selectFrom('job').selectAll().where('failed', '=', true).execute()
    assert.deepEqual(failed, [])
    const { rows } = { rows: await store.db.selectFrom('lease').selectAll().execute() }
    assert.equal(rows.length, 1)
  } finally {
    await store.close()
  }
})

test('an oracle does not start on contracts that do not belong together, or without its chain', async () => {
  const { escrow, token, vault, arbiter } = chain.ready.deployment
  const nobody = `0x${'ee'.repeat(20)}`
  for (const [changes, line] of [
    [
      { EARNEST_TOKEN: arbiter },
      /^wrong_contract: EARNEST_ESCROW .* is no escrow of EARNEST_TOKEN$/,
    ],
    [{ EARNEST_RPC_URL: 'http://127.0.0.1:9/key' }, /^chain_unreachable: EARNEST_RPC_URL does not/],
  ] as const) {
    const started = startProcess('oracle/src/main.ts', { ...environment, ...changes })
    const { message } = await started.then(
      () => assert.fail('started'),
      (error: Error) => error,
    )
    assert.match((message.split('ended with 1: ')[1] ?? message).trim(), line)
  }

  const client = localClient(chain.ready.url)
  const right = { escrow, token, vault, arbiters: [arbiter] } as const
  const seats = attestorIndexes.map((index) => localAccount(index).address)
  assert.deepEqual(await checkContracts(client, right, seats), [])
  assert.deepEqual(await checkContracts(client, right, [party(77).wallet.address, ...seats]), [
    party(77).wallet.address,
  ])
  assert.deepEqual(await checkContracts(client, { ...right, vault: zeroAddress }, seats), [])
  // Somebody else's arbiter may be any contract.
  assert.deepEqual(await checkContracts(client, { ...right, arbiters: [token] }, seats), [])
  for (const [changes, setting] of [
    [{ escrow: nobody }, 'EARNEST_ESCROW'],
    [{ escrow: token }, 'EARNEST_ESCROW'],
    [{ token: nobody }, 'EARNEST_TOKEN'],
    [{ vault: nobody }, 'EARNEST_VAULT'],
    [{ vault: token }, 'EARNEST_VAULT'],
    [{ arbiters: [arbiter, nobody] }, 'EARNEST_ARBITERS'],
  ] as const) {
    await assert.rejects(
      checkContracts(client, { ...right, ...changes } as typeof right, seats),
      (error) => isEarnestError(error, 'wrong_contract') && error.details.setting === setting,
      `${setting} ${JSON.stringify(changes)}`,
    )
  }
})
