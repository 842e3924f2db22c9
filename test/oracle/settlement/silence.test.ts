import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { pactEscrowAbi } from '@earnest/contracts'
import {
  type Defence,
  type DisputeLine,
  defenceSchema,
  encode,
  hashBody,
  hashPact,
  ladderOf,
  type Pact,
  type Profile,
  packLadder,
  type Submission,
  submissionSchema,
  termsFromPact,
  unpackLadder,
  windowsOf,
} from '@earnest/sdk/protocol'
import type { Address, Hex } from 'viem'
import { usdcAbi } from '../../../scripts/local/usdc.ts'
import { escrowOf } from '../support/court.ts'
import { claimOf, complete, delivered, type Trade } from '../support/trade.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  moveTo,
  type Party,
  pactOf,
  party,
  problemOf,
  register,
  send,
  startGround,
  type World,
} from '../support/world.ts'

const partial = '{"greeting":"hello"}'

describe('silence', () => {
  let ground: Ground
  let world: World
  before(async () => {
    ground = await startGround()
    world = await createWorld(ground)
    await register(world, world.buyer)
    await register(world, world.seller)
  })
  after(async () => {
    await world?.close()
    await ground?.close()
  })

  /** A trade under the windows and the ladder of a profile. */
  async function started(text: string, profile: Profile = 'agent'): Promise<Trade> {
    await world.syncClock()
    const base = pactOf(world)
    const windows = windowsOf({ profile, amount: base.paymentUsdc })
    const ladder = packLadder(ladderOf({ profile, pool: 0, appealBond: 50_000_000n }))
    return delivered(world, text, {
      ...base,
      timing: { ...base.timing, profile, windows },
      escrow: { ...base.escrow, ladder },
    })
  }

  const STATES = ['None', 'Funded', 'Delivered', 'Disputed', 'Negotiating', 'Arbitration']
  const stateOf = async (id: Hex) => STATES[(await escrowOf(world, id)).state] ?? 'ended'
  const balanceOf = (owner: Address) =>
    ground.client.readContract({
      address: ground.deployment.token,
      abi: usdcAbi,
      functionName: 'balanceOf',
      args: [owner],
    })

  const piece = (content: string) => ({ type: 'specific_claim', content }) as const
  const submit = ({ id }: Trade, by: Party, text: string) => {
    const body: Submission = {
      escrowId: id,
      submittedBy: by.identity.did,
      evidence: [piece(text)],
      submittedAt: world.oracle.clock.now(),
      nonce: crypto.randomUUID(),
    }
    const wire = encode(submissionSchema, body, 'invalid_evidence')
    const signature = by.identity.sign({ type: 'evidence', body: wire })
    const path = `/api/v1/disputes/${id}/evidence`
    return send(world, { by, method: 'POST', path, body: { body: wire, signature } })
  }
  const defend = ({ pact, id }: Trade, explanation: string) => {
    const { identity } = world.seller
    const body: Defence = {
      escrowId: id,
      pactId: hashPact(pact),
      defendedBy: identity.did,
      explanation,
      evidence: [],
      defendedAt: world.oracle.clock.now(),
      nonce: crypto.randomUUID(),
    }
    const wire = encode(defenceSchema, body, 'invalid_defence')
    const signature = identity.sign({ type: 'defence', body: wire })
    const path = `/api/v1/disputes/${id}/defence`
    return send(world, { by: world.seller, method: 'POST', path, body: { body: wire, signature } })
  }
  const shaOf = (text: string) => hashBody({ content: text })

  test('[DSP-04] while a dispute is open no timer, no stranger and no claim in one’s own favour moves a cent', async () => {
    const trade = await started(partial)
    assert.equal(await stateOf(trade.id), 'Disputed')
    const terms = termsFromPact({ pact: trade.pact })
    const { escrow: address } = ground.deployment
    const { buyer, seller } = world
    const before = await balanceOf(address)
    const attempt = async (functionName: string, account: Address, args: unknown[]) => {
      const request = { address, abi: pactEscrowAbi, functionName, account, args }
      await ground.client.simulateContract(request as never)
    }
    const stranger = party(77).wallet.address
    const { timerEnd } = await escrowOf(world, trade.id)
    for (const timestamp of [timerEnd - 100, timerEnd - 2]) {
      await ground.client.setNextBlockTimestamp({ timestamp: BigInt(timestamp) })
      await ground.client.mine({ blocks: 1 })
      for (const [name, account, args] of [
        ['expire', stranger, [terms]],
        ['conclude', stranger, [terms]],
        ['escalate', stranger, [terms, stranger, '0x']],
        ['release', seller.wallet.address, [terms, '0x']],
        ['release', stranger, [terms, '0x']],
        ['refund', buyer.wallet.address, [terms, '0x']],
        ['refund', stranger, [terms, '0x']],
        ['deliver', seller.wallet.address, [terms, `0x${'11'.repeat(32)}`, false, '0x', '0x']],
      ] as const) {
        await assert.rejects(attempt(name, account, [...args]), `${name} at ${timestamp}`)
      }
    }
    assert.equal(await stateOf(trade.id), 'Disputed')
    assert.equal(await balanceOf(address), before)
    // Giving one's own claim up stays open to either side (W-49).
    await attempt('refund', seller.wallet.address, [terms, '0x'])
    await attempt('release', buyer.wallet.address, [terms, '0x'])
  })

  test('[TOL-13] [W-24] a dispute that nobody answers escalates at the second its window ends: to a moderator for people, to the jury for agents, in minutes for micro trades', async () => {
    for (const [profile, seconds] of [
      ['micro', 120],
      ['agent', 86_400],
      ['human', 172_800],
    ] as const) {
      const { pact, id } = await started(partial, profile)
      assert.equal(await stateOf(id), 'Disputed')
      const { timerEnd } = await escrowOf(world, id)
      const { timestamp } = await ground.client.getBlock()
      assert.ok(
        timerEnd - Number(timestamp) <= seconds && timerEnd - Number(timestamp) > seconds - 60,
      )
      await moveTo(world, timerEnd - 1)
      assert.equal(await stateOf(id), 'Disputed', profile)
      await moveTo(world, timerEnd)
      assert.equal(await stateOf(id), 'Arbitration', profile)
      const events = await world.oracle.db
        .selectFrom('event')
        .select(['type', 'agents'])
        .where('escrow_id', '=', id)
        .execute()
      // Escalated, and nobody paid.
      const paying = ['released', 'refunded', 'settled', 'ruled', 'concluded', 'expired']
      assert.deepEqual(
        events.filter(({ type }) => paying.includes(type)),
        [],
      )
      const told = events.flatMap(({ type, agents }) => (type === 'escalated' ? [{ agents }] : []))
      const parties = [world.buyer.identity.did, world.seller.identity.did]
      assert.deepEqual(told, [{ agents: parties }])
      const rungs = unpackLadder(pact.escrow.ladder)
      assert.equal((rungs?.moderatorLimit ?? 0) > 0, profile === 'human')
      const record = (await (
        await world.app.request(`/api/v1/pacts/${hashPact(pact)}`)
      ).json()) as {
        status: string
      }
      assert.equal(record.status, 'arbitration')
    }
  })

  test('[UNS-02] [UNS-07] a delivery that code cannot check and nobody looked at is not paid by the review’s end, one that passed is', async () => {
    const { paymentUsdc } = pactOf(world)
    const checked = await started(complete)
    const seller = await balanceOf(world.seller.wallet.address)
    await moveTo(world, (await escrowOf(world, checked.id)).timerEnd)
    assert.ok((await balanceOf(world.seller.wallet.address)) > seller)
    // What did not pass is disputed by itself: no buyer had to look at either.
    const failed = await started(partial)
    assert.equal(await stateOf(failed.id), 'Disputed')

    await world.syncClock()
    const base = pactOf(world)
    const pact: Pact = {
      ...base,
      acceptance: [
        {
          id: 'taste',
          description: 'It is well written',
          weight: 1,
          verifier: { type: 'jury', question: 'Is it well written?' },
        },
      ],
    }
    const id = await agree(world, pact)
    await fund(world, pact)
    await confirm(world)
    const body = await completionOf(world, pact, { files: { 'result.json': complete } })
    await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
    await world.settle()
    assert.equal(await stateOf(id), 'Delivered')
    const [held, paid] = [
      await balanceOf(ground.deployment.escrow),
      await balanceOf(world.seller.wallet.address),
    ]
    await moveTo(world, (await escrowOf(world, id)).timerEnd)
    assert.equal(await stateOf(id), 'Arbitration')
    assert.deepEqual(
      [await balanceOf(ground.deployment.escrow), await balanceOf(world.seller.wallet.address)],
      [held, paid],
    )
    assert.ok(held >= paymentUsdc)
  })

  test('[DSP-25] [UNS-16] evidence is taken until the dispute ends, hashed and dated; a second claim or answer is not', async () => {
    const trade = await started(partial)
    const { id } = trade
    const { buyer, seller } = world
    const file = (by: Party, claim: string) =>
      send(world, {
        by,
        method: 'POST',
        path: '/api/v1/disputes',
        body: claimOf(world, trade, { by, reason: 'incomplete', claim }),
      })
    assert.deepEqual(await problemOf(await submit(trade, party(77), 'I saw it')), [
      403,
      'signer_not_party',
    ])
    const answer = await submit(trade, buyer, 'It was promised by mail')
    assert.equal(answer.status, 201)
    const { evidence, evidenceUntil } = (await answer.json()) as {
      evidence: { sha256: string; at: string; submittedBy: string }[]
      evidenceUntil: string
    }
    assert.deepEqual(
      evidence.map(({ sha256, submittedBy }) => [sha256, submittedBy]),
      [[shaOf('It was promised by mail'), buyer.identity.did]],
    )
    const { timerEnd } = await escrowOf(world, id)
    assert.equal(Date.parse(evidenceUntil) / 1000, timerEnd)
    assert.ok(Math.abs(Date.parse(String(evidence[0]?.at)) / 1000 - world.oracle.clock.now()) < 5)
    // The same again is the same piece.
    await submit(trade, buyer, 'It was promised by mail')

    await moveTo(world, timerEnd)
    assert.equal(await stateOf(id), 'Arbitration')
    assert.equal((await submit(trade, seller, 'It was not')).status, 201)
    assert.equal((await file(buyer, 'The name is missing')).status, 201)
    for (const words of ['I say it louder', 'And again', 'My lawyer says so']) {
      assert.deepEqual(await problemOf(await file(buyer, words)), [409, 'dispute_exists'])
    }
    const answers = ['A greeting needs no name', 'And a name needs no greeting']
    const answered = await Promise.all(answers.map((words) => defend(trade, words)))
    assert.deepEqual(answered.map(({ status }) => status).sort(), [201, 409])
    const end = (await escrowOf(world, id)).timerEnd
    await moveTo(world, end - 1)
    assert.equal((await submit(trade, buyer, 'In the last second')).status, 201)
    await moveTo(world, end)
    await confirm(world)
    assert.equal(await stateOf(id), 'ended')
    assert.deepEqual(await problemOf(await submit(trade, buyer, 'Too late')), [409, 'dispute_over'])
  })

  test('[TAP-07] the public log lists every dispute by hash, time and outcome, page by page, and the evidence verifies', async () => {
    const trade = await started(partial)
    const text = 'The invoice names Ann Smith'
    assert.equal((await submit(trade, world.seller, text)).status, 201)
    const lines: DisputeLine[] = []
    let cursor: string | null = null
    do {
      const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
      const response = await world.app.request(`/api/v1/disputes?limit=2${query}`)
      assert.equal(response.status, 200, await response.clone().text())
      const raw = await response.text()
      // Hashes only: no word of a party stands in the log.
      assert.doesNotMatch(raw, /Ann Smith|name is missing|promised/)
      const page = JSON.parse(raw) as { disputes: DisputeLine[]; cursor: string | null }
      lines.push(...page.disputes)
      cursor = page.cursor
    } while (cursor !== null)
    const rows = await world.oracle.db.selectFrom('dispute').select('round').execute()
    assert.equal(lines.length, rows.length)
    assert.equal(new Set(lines.map(({ escrowId }) => escrowId)).size, lines.length)
    const own = lines.find(({ escrowId }) => escrowId === trade.id)
    assert.deepEqual([own?.outcome, own?.sellerBps, own?.endedAt], [null, null, null])
    // Whoever holds the piece proves that it is the one that was filed.
    assert.deepEqual(
      own?.evidence.map(({ sha256, verified }) => [sha256, verified]),
      [[shaOf(text), true]],
    )
    const ended = lines.find(
      ({ outcome, claims }) => outcome === 'concluded' && claims.length === 1,
    )
    assert.ok(ended && ended.sellerBps !== null && ended.endedAt !== null)
    assert.match(ended.claims[0]?.claimHash ?? '', /^[0-9a-f]{64}$/)
    for (const forged of ['1', '1/0x12/1', '-1/x/0']) {
      const response = await world.app.request(
        `/api/v1/disputes?cursor=${encodeURIComponent(forged)}`,
      )
      assert.deepEqual(await problemOf(response), [422, 'invalid_request'])
    }
  })

  test('[TOL-14] the share of disputes by how they ended is exported', async () => {
    await confirm(world)
    const text = await (await world.app.request('/metrics')).text()
    const exits = new Map(
      [...text.matchAll(/^earnest_disputes\{exit="(\w+)"\} (\d+)$/gm)].map(([, exit, count]) => [
        exit,
        Number(count),
      ]),
    )
    const { disputes } = (await (await world.app.request('/api/v1/disputes?limit=100')).json()) as {
      disputes: DisputeLine[]
    }
    const expected = Map.groupBy(disputes, ({ outcome }) => outcome ?? 'open')
    assert.ok(
      (expected.get('open')?.length ?? 0) > 0 && (expected.get('concluded')?.length ?? 0) > 0,
    )
    assert.deepEqual(
      Object.fromEntries(exits),
      Object.fromEntries([...expected].map(([exit, lines]) => [exit, lines.length])),
    )
  })
})
