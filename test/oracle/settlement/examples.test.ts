import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  API_BASE,
  encodePact,
  hashBytes,
  hashPact,
  type Pact,
  type PactWire,
  proposalTypedData,
  signPact,
  termsFromPact,
} from '@earnest/sdk/protocol'
import { type Hex, toHex } from 'viem'
import { submit } from '../../../oracle/src/escrow/submit.ts'
import type { ChainLog } from '../../../oracle/src/settlement/replay.ts'
import { samplePactWire } from '../../support/pact.ts'
import { delivered, funded } from '../support/trade.ts'
import {
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  pactOf,
  register,
  startGround,
  type World,
} from '../support/world.ts'

let ground: Ground
let world: World
const folder = mkdtempSync(join(tmpdir(), 'papers-'))

before(async () => {
  ground = await startGround()
  world = await createWorld(ground)
  await register(world, world.buyer)
  await register(world, world.seller)
})
after(async () => {
  await world?.close()
  await ground?.close()
  rmSync(folder, { recursive: true, force: true })
})

const get = async <T>(path: string): Promise<T> => {
  const response = await world.app.request(`${API_BASE}${path}`)
  assert.equal(response.status, 200, await response.clone().text())
  return (await response.json()) as T
}
const pass = async (seconds: number) => {
  await ground.client.increaseTime({ seconds })
  await ground.client.mine({ blocks: 1 })
  await world.settle()
}

/** The source's five elements without the bear case: 70 of 100 are there. */
const acceptance: PactWire['acceptance'] = samplePactWire.acceptance
const without = {
  dcfModel: { years: [1, 2, 3, 4, 5] },
  scenarios: { base: { growth: 4 }, bull: { growth: 7 } },
  sensitivityTable: [[8, 101]],
}
const checker = new TextEncoder().encode(
  'const check = ({ base, bull }) => bull.growth - base.growth',
)
const bullAboveBase: PactWire['acceptance'][number] = {
  id: 'above',
  description: 'Bull grows faster than base',
  weight: 40,
  verifier: {
    type: 'metric',
    file: 'result.json',
    pointer: '/scenarios',
    source: { kind: 'checker', sha256: hashBytes(checker) },
    min: 0.1,
  },
}

/** Writes down what both parties hold, as docs/evidence.md lays it out. */
async function writePapers(name: string, pact: Pact, escrowId: Hex, file: string): Promise<string> {
  const at = join(folder, name)
  for (const each of ['files', 'deposits']) mkdirSync(join(at, each), { recursive: true })
  const write = (path: string, content: unknown) =>
    writeFileSync(join(at, path), JSON.stringify(content))
  const { terms, pactHash, buyerSignature, sellerSignature } = await get<Record<string, unknown>>(
    `/pacts/${hashPact(pact)}`,
  )
  write('pact.json', { pact: terms, pactHash, buyerSignature, sellerSignature })
  write('report.json', await get(`/escrows/${escrowId}/report`))
  write('manifest.json', await get(`/escrows/${escrowId}/manifest`))
  writeFileSync(join(at, 'files/result.json'), file)
  writeFileSync(join(at, 'deposits/checker.js'), checker)
  const did = encodeURIComponent(world.seller.identity.did)
  const { attestations } = await get<{ attestations: { settlement: { escrowId: string } }[] }>(
    `/trust/${did}/attestations`,
  )
  const found = attestations.find(({ settlement }) => settlement.escrowId === escrowId)
  if (found) write('attestation.json', found)
  const logs = await ground.client.getLogs({ address: ground.deployment.escrow, fromBlock: 0n })
  const stamped: ChainLog[] = []
  for (const { address, topics, data, blockNumber, blockHash, transactionHash, logIndex } of logs) {
    const { timestamp } = await ground.client.getBlock({ blockNumber })
    stamped.push({
      address: address.toLowerCase() as Hex,
      topics,
      data,
      blockNumber: Number(blockNumber),
      blockHash,
      transactionHash,
      logIndex,
      timestamp: Number(timestamp),
    })
  }
  // In no order, and some of them twice: two nodes were asked.
  write('logs.json', [...stamped.reverse(), ...stamped.slice(0, 3)])
  return at
}

const cut =
  'data:text/javascript,import net from "node:net";import dns from "node:dns";' +
  'net.Socket.prototype.connect = () => { throw new Error("network") };' +
  'dns.lookup = () => { throw new Error("network") };globalThis.fetch = net.Socket.prototype.connect'

// biome-ignore lint/suspicious/noExplicitAny: papers are bent in places that their types forbid
type Json = any

/** Runs the command in a process that cannot open a socket. */
function verifyReport(at: string, ...more: string[]) {
  const run = spawnSync(
    process.execPath,
    ['--import', cut, 'scripts/verify-report.ts', at, ...more],
    { encoding: 'utf8', env: {} },
  )
  return { code: run.status, ...(JSON.parse(run.stdout || '{}') as Json), stderr: run.stderr }
}

describe('examples of the source', () => {
  let partial: string
  let partialId: Hex

  test('[REP-06] one of five elements is missing: PARTIAL, 70 percent, disputed by itself, nothing paid', async () => {
    const pact = pactOf(world, { paymentUsdc: '500', acceptance })
    const { id: escrowId } = await delivered(world, JSON.stringify(without), pact)
    partialId = escrowId
    type Finding = { id: string; outcome: string; missing: string[] }
    const report = await get<{ result: string; passedBps: number; findings: Finding[] }>(
      `/escrows/${escrowId}/report`,
    )
    assert.deepEqual([report.result, report.passedBps], ['PARTIAL', 7000])
    const missing = report.findings.filter(({ outcome }) => outcome === 'fail')
    assert.deepEqual(
      missing.map((each) => [each.id, each.missing]),
      [['bear', ['/scenarios/bear']]],
    )
    // Opened by the arbiter with its attestation, and by nobody's claim.
    const escrow = await get<{ state: string; verification: unknown }>(`/escrows/${escrowId}`)
    assert.equal(escrow.state, 'Disputed')
    assert.deepEqual(escrow.verification, { round: 1, status: 'done', code: null })
    const dispute = await get<{ claims: unknown[] }>(`/disputes/${escrowId}`)
    assert.deepEqual(dispute.claims, [])
    await pass(3600)
    assert.equal((await get<{ state: string }>(`/escrows/${escrowId}`)).state, 'Disputed')
    const settled = await world.oracle.db.selectFrom('settlement').select('escrow_id').execute()
    assert.deepEqual(settled, [])
  })

  test('[REP-07] [W-14] decided at 75 percent: 371.25, of which 1.875 protocol fee, 123.75 and 5.00, to the base unit', async () => {
    const pact = pactOf(world, { paymentUsdc: '500', acceptance })
    const text = JSON.stringify(without)
    const { id: escrowId } = await delivered(world, text, pact)
    await pass(86_400)
    const terms = termsFromPact({ pact })
    const recordHash = toHex(7, { size: 32 })
    const { db, chain, clock, attestors } = world.oracle
    const proof = await attestors.prove({
      arbiter: terms.arbiter,
      kind: 'proposal',
      typedData: proposalTypedData({
        chainId: chain.chainId,
        contract: chain.escrow,
        escrowId,
        round: 1n,
        sellerBps: 7500n,
        recordHash,
      }),
    })
    const propose = { functionName: 'propose', args: [terms, 7500, recordHash, proof] } as const
    await submit(db, { key: `propose/${escrowId}`, escrowId, call: propose, at: clock.now() })
    await world.settle()
    await pass(259_200)
    await confirm(world)
    const record = await get<{ settlement: Record<string, unknown> }>(`/escrows/${escrowId}`)
    const { sellerUsdc, buyerUsdc, protocolFeeUsdc, arbitrationFeeUsdc, sellerBps } =
      record.settlement
    assert.deepEqual(
      [sellerBps, sellerUsdc, protocolFeeUsdc, buyerUsdc, arbitrationFeeUsdc],
      [7500, '369.375', '1.875', '123.75', '5'],
    )
    partial = await writePapers('partial', pact, escrowId, text)
  })

  test('a check that is given up shows in the API, with its code and without the operator’s text', async () => {
    const { id: escrowId } = await funded(world)
    const bare = await get<Record<string, unknown>>(`/escrows/${escrowId}`)
    assert.equal('verification' in bare, false)
    const { db } = world.oracle
    const row = await db
      .selectFrom('completion')
      .selectAll()
      .where('escrow_id', '=', partialId)
      .executeTakeFirstOrThrow()
    await db
      .insertInto('completion')
      .values({
        ...row,
        escrow_id: escrowId,
        report_hash: null,
        report: null,
        result: null,
        status: 'received',
      })
      .execute()
    const standing = async () =>
      (await get<{ verification: unknown }>(`/escrows/${escrowId}`)).verification
    assert.deepEqual(await standing(), { round: 1, status: 'pending', code: null })
    await db
      .insertInto('job')
      .values({
        queue: 'complete',
        key: `${escrowId}/1`,
        payload: '{}',
        run_at: new Date(8e12),
        leased_until: null,
        lease_token: null,
        error: 'verification_interrupted: Error at /secret/place',
        failed: true,
      })
      .execute()
    assert.deepEqual(await standing(), {
      round: 1,
      status: 'parked',
      code: 'verification_interrupted',
    })
  })

  test('[DRV-15] [SET-08] a folder of papers gives the same report and the same end, without a network', async () => {
    const pact = pactOf(world, {
      paymentUsdc: '500',
      acceptance: [...acceptance.filter(({ id }) => id !== 'bear'), bullAboveBase],
    })
    const escrowId = await deposited(pact)
    await fund(world, pact)
    await confirm(world)
    const text = JSON.stringify(without)
    const body = await completionOf(world, pact, { files: { 'result.json': text } })
    await call(world, { by: world.seller, method: 'POST', path: `${API_BASE}/completions`, body })
    await world.settle()
    await pass(3601)
    await confirm(world)
    const whole = await writePapers('whole', pact, escrowId, text)

    const released = verifyReport(whole, '--oracle', world.oracle.signer.did)
    assert.equal(released.code, 0, JSON.stringify(released))
    assert.deepEqual(
      [released.result, released.state, released.settlement.sellerUsdc],
      ['PASS', 'Completed', '497.5'],
    )
    assert.deepEqual(new Set(Object.values(released.papers)), new Set(['holds']))
    const onChain = await get<{ state: string; settlement: unknown }>(`/escrows/${escrowId}`)
    assert.deepEqual(released.settlement, onChain.settlement)

    const decided = verifyReport(partial)
    assert.equal(decided.code, 0, JSON.stringify(decided))
    assert.deepEqual(
      [decided.result, decided.state, decided.settlement.buyerUsdc],
      ['PARTIAL', 'Resolved', '123.75'],
    )
    assert.deepEqual(decided.missing, [{ id: 'bear', missing: ['/scenarios/bear'] }])
  })

  /** Registers a pact with its checker. */
  async function deposited(pact: Pact): Promise<Hex> {
    const { buyer, seller } = world
    const wire = encodePact(pact)
    const body = {
      terms: wire,
      buyerDid: buyer.identity.did,
      sellerDid: seller.identity.did,
      pactHash: hashPact(pact),
      buyerSignature: signPact({ pact, identity: buyer.identity }),
      sellerSignature: signPact({ pact, identity: seller.identity }),
      deposits: [{ sha256: hashBytes(checker), content: Buffer.from(checker).toString('base64') }],
    }
    const { escrowIds } = await call<{ escrowIds: Hex[] }>(world, {
      by: buyer,
      method: 'POST',
      path: `${API_BASE}/pacts`,
      body,
    })
    return escrowIds[0] ?? '0x'
  }

  /** A copy of the papers in which one was bent. */
  function bent(name: string, bend: (at: string) => void) {
    const at = join(folder, name)
    cpSync(join(folder, 'whole'), at, { recursive: true })
    bend(at)
    return verifyReport(at)
  }
  const edit = (at: string, name: string, change: (value: Json) => void) => {
    const value = JSON.parse(readFileSync(join(at, name), 'utf8'))
    change(value)
    writeFileSync(join(at, name), JSON.stringify(value))
  }

  const lies: [string, string, string, (at: string) => void][] = [
    [
      'a better score',
      'report',
      'report_mismatch',
      (at) =>
        edit(at, 'report.json', (r) => {
          r.passedBps = 9999
        }),
    ],
    [
      'another file',
      'report',
      'report_mismatch',
      (at) => writeFileSync(join(at, 'files/result.json'), '{}'),
    ],
    [
      'a file that is gone',
      'report',
      'artifact_missing',
      (at) => rmSync(join(at, 'files/result.json')),
    ],
    [
      'a checker that is gone',
      'report',
      'report_mismatch',
      (at) => rmSync(join(at, 'deposits/checker.js')),
    ],
    [
      'another engine',
      'report',
      'engine_unknown',
      (at) =>
        edit(at, 'report.json', (r) => {
          r.engine = 'other/1'
        }),
    ],
    [
      'another manifest',
      'manifest',
      'hash_mismatch',
      (at) =>
        edit(at, 'manifest.json', (m) => {
          m[0].size += 1
        }),
    ],
    [
      'another price',
      'pact',
      'pact_hash_mismatch',
      (at) =>
        edit(at, 'pact.json', (p) => {
          p.pact.paymentUsdc = '501'
        }),
    ],
    [
      'a signature less',
      'pact',
      'invalid_seller_signature',
      (at) =>
        edit(at, 'pact.json', (p) => {
          p.sellerSignature = p.buyerSignature
        }),
    ],
    ['no funding', 'replay', 'not_funded', (at) => writeFileSync(join(at, 'logs.json'), '[]')],
    [
      'an attestation of more',
      'attestation',
      'attestation_unsigned',
      (at) =>
        edit(at, 'attestation.json', (a) => {
          a.settlement.sellerUsdc = '498'
          a.settlement.protocolFeeUsdc = '2'
        }),
    ],
  ]
  for (const [name, paper, code, bend] of lies) {
    test(`[DRV-15] ${name}: ${paper} is ${code}`, () => {
      const told = bent(`${paper}-${code}-${name.length}`, bend)
      assert.equal(told.code, 1, JSON.stringify(told))
      assert.equal(told.papers[paper], code)
    })
  }
})
