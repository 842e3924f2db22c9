import { join } from 'node:path'
import { appeal, withdrawAppealBond } from '@earnest/sdk/escrow'
import type { Member } from '@earnest/sdk/member'
import {
  type DocketRecord,
  fromBytes32,
  ladderOf,
  packLadder,
  parseUsdc,
  unpackLadder,
} from '@earnest/sdk/protocol'
import { hexToBytes } from 'viem'
import { createSigner } from '../../oracle/src/store/signer.ts'
import { openStore } from '../../oracle/src/store/store.ts'
import { localSecret } from '../local/oracle.ts'
import { wallClock } from '../local/party.ts'
import { writePast } from '../local/past.ts'
import type { Book } from './book.ts'
import { hear, readers, stands } from './hearing.ts'
import { didOf, MEMBER_STAKE, memberDids, seatMembers } from './members.ts'
import { line, percent, usdc } from './say.ts'
import type { Scene } from './scene.ts'
import type { Stage } from './stage.ts'
import { closeTrade } from './trade.ts'
import { known, until } from './until.ts'
import { valuationTask } from './valuation.ts'

const amount = parseUsdc('500')
const bond = parseUsdc('5')
/** Blocks between the appeal and the block whose hash draws the panel, and some on top. */
const DRAW_BLOCKS = 66
/** How many are drawn, and how many of them sit. */
const [DRAWN, SEATS] = [14, 7]
/** Draw, strike, commit, reveal and execute share the committee's time. */
const PHASES = 5
/** Seconds after which the oracle looks whether a pool is due. */
const PLANNING = 61

let seating: Promise<Member[]> | undefined

/** The buyer appeals the jury's word: seven peers are drawn, vote in secret, and are paid. */
export const committee: Scene = {
  title: `The buyer appeals over ${usdc(amount)}: a committee of seven peers`,
  prepare: async ({ data }) => {
    const seeds = Array.from({ length: 5 }, (_, i) => didOf(`seed/${i}`))
    const store = await openStore({ folder: join(data, 'oracle') })
    const signer = createSigner({ secretKey: hexToBytes(localSecret('oracle')) })
    await writePast(store.db, signer, {
      seeds,
      sellers: [...memberDids, didOf('seller/hasty')],
      capability: 'dcf_modeling',
      trades: 8,
      now: wallClock.now(),
    })
    await store.close()
    const ladder = packLadder(ladderOf({ profile: 'agent', pool: 1, appealBond: bond }))
    return { EARNEST_SEEDS: seeds.join(','), EARNEST_LADDER: ladder }
  },
  begin(stage) {
    seating = seatMembers(stage, (index) => 1_500 + 500 * (index % 3))
    return seating
  },
  play,
}

async function play(stage: Stage, book: Book): Promise<string[]> {
  const { clock, chain, deployment, buyer: party } = stage
  line('past', 'simulated for this oracle: peers sit only with a record in the field')
  const members = (await seating) ?? []
  const peer = (address: string) => {
    const found = members.find((each) => each.address.toLowerCase() === address.toLowerCase())
    if (found === undefined) throw new Error(`${address} is no peer of ours`)
    return found
  }
  await clock.pass(PLANNING)
  const poolParams = { params: { number: 1 } }
  const pool = () => known('pool_unknown', () => party.oracle.call('getPool', poolParams))
  await until(async () => (await pool())?.anchoredAt != null)
  // A pool judges what is funded after the second in which it was anchored.
  await clock.pass(1)
  line('pool', `${members.length} peers staked ${usdc(MEMBER_STAKE)} each; their pool is on chain`)

  await stage.mint(party.account.address, amount + bond)
  book.expect('buyer', amount + bond)
  const task = {
    ...valuationTask(clock.now() + 3600),
    disclosure: { committee: true, judges: readers },
  }
  const { disputed, buyer, faults } = await hear(stage, { task, amount })
  const { escrow } = disputed.receipts.funding
  const params = { escrowId: escrow.escrowId }
  const docket = () => party.oracle.call('getDocket', { params })
  const panel = async () => (await docket()).panels[0]
  await until(async () => (await docket()).stage === 'proposed')
  const { grants } = await party.oracle.call('grantArtifacts', { params })
  line(
    'private',
    `the judged file lies at ${grants[0]?.url.slice(0, 60)}…, logged with each reader`,
  )

  if (grants.length === 0) faults.push('the judged file lies nowhere')

  await appeal(party.wallet, { escrow, token: deployment.token })
  line('appeal', `the buyer appeals with a bond of ${usdc(bond)}`)
  await chain.client.mine({ blocks: DRAW_BLOCKS })
  await until(async () => (await panel())?.phase === 'strike')
  const drawn = await panel()
  if (drawn?.drawn.length !== DRAWN) faults.push(`${drawn?.drawn.length} are drawn`)
  line('draw', `fourteen drawn by the hash of block ${drawn?.seedBlock}; either side may strike`)
  const { committeeLimit = 0 } = unpackLadder(fromBytes32(escrow.terms.ladder)) ?? {}
  for (const act of ['committed', 'revealed'] as const) {
    await clock.pass(committeeLimit / PHASES)
    const done = await Promise.all(seated(await panel()).map((each) => peer(each.member).work()))
    const acted = done.flat().filter((each) => each.act === act).length
    line('', `${acted} ${act} their votes`)
    if (acted !== SEATS) faults.push(`only ${acted} ${act} their votes`)
  }
  await clock.pass(committeeLimit / PHASES)
  await stands(stage, escrow, 'Resolved')
  const result = await buyer.resume(disputed.tradeId)
  await until(async () => (await docket()).decision !== null)
  const { decision, appeal: appealed, panels } = await docket()
  const votes = seated(panels[0]).map(({ sellerBps }) => sellerBps ?? 0)
  const ruled = votes.toSorted((a, b) => a - b)[3] ?? 0
  line('', `votes ${votes.map(percent).join(', ')}: median ${percent(ruled)}`)
  line('', 'the appeal moved the ruling, so the bond returns')
  const seller = { params: { id: disputed.receipts.signed.pact.seller.did } }
  const before = disputed.receipts.trust[0]?.compositeScore ?? null
  const score = async () => (await party.oracle.call('getTrust', seller)).compositeScore
  await until(async () => (await score()) !== before)
  const after = await score()
  line('record', `the seller’s score goes from ${before} to ${after}`)
  if ((after ?? 0) >= (before ?? 0)) faults.push('half of a work does not lower the score')
  await withdrawAppealBond(party.wallet, { escrow, to: party.account.address })

  const arbitration = amount / 100n
  const gross = ((amount - arbitration) * BigInt(ruled)) / 10_000n
  const fee = (amount * BigInt(ruled) * 50n) / 100_000_000n
  book.expect('buyer', -gross - arbitration)
  book.expect('Half & Sons', gross - fee)
  book.expect('protocol fees (credit)', fee)
  book.expect('arbiter and committee', BigInt(members.length) * MEMBER_STAKE + arbitration)
  book.expect('held by the escrow', fee)

  const { trust } = disputed.receipts
  const whole = { ...result, receipts: { ...result.receipts, trust } }
  faults.push(...(await closeTrade(stage, whole)))
  if (result.settlementStatus !== 'resolved') faults.push(`ended ${result.settlementStatus}`)
  if (decision?.sellerBps !== ruled) faults.push('the ruling is not the median of the votes')
  if (appealed?.won !== true) faults.push('the appeal is not won')
  return faults
}

function seated(panel: DocketRecord['panels'][number] | undefined) {
  return (panel?.drawn ?? []).filter(({ seat }) => seat !== null)
}
