import {
  canonicalText,
  encode,
  hashBytes,
  registrationSchema,
  settlementSchema,
} from '@earnest/sdk/protocol'
import { append } from '../../oracle/src/store/journal.ts'
import type { SettledEscrow, TrustEvent } from '../../oracle/src/trust/event.ts'
import { call, createDesk, type Party, party, register } from '../oracle/support/world.ts'
import { DAY, livelyEvents, SEEDS, settled } from '../oracle/trust/market.ts'

export const TWELVE = [
  'financial_analysis',
  'translation_legal',
  'data_cleaning',
  'market_research',
  'image_captioning',
  'code_review',
  'web_scraping',
  'summarisation',
  'contract_drafting',
  'unit_testing',
  'speech_to_text',
  'tax_calculation',
] as const

type Desk = Awaited<ReturnType<typeof createDesk>>

/** A desk with a seller of twelve capabilities and a hundred trades behind it. */
export async function createGallery(
  options: NonNullable<Parameters<typeof createDesk>[0]>,
): Promise<{ desk: Desk; veteran: Party }> {
  const desk = await createDesk({ seeds: SEEDS, ...options })
  const veteran = party(101)
  await register(desk, desk.buyer)
  await register(desk, veteran)
  await rename(desk, veteran, {
    name: 'Quiet Ledger',
    description:
      'Reads annual reports, builds three-scenario models and says plainly what it does not know. Two people in Lisbon look after it.',
    capabilities: [...TWELVE],
    pricing: { perTask: 50_000_000n },
    organizationId: 'quietledger.example',
  })
  const start = desk.clock.now() - 80 * DAY
  const trades = Array.from({ length: 120 }, (_, n) => {
    const noise = Math.abs(Math.sin(n * 12.9898) * 43_758.5453) % 1
    const capability = TWELVE[Math.floor(noise ** 1.7 * 12)] ?? 'financial_analysis'
    const sellerBps = n % 23 === 7 ? 0 : n % 17 === 5 ? 6000 : 10_000
    const amount = BigInt(Math.round(800 * 1.02 ** n * 10 ** (1.4 * ((noise * 7) % 1)))) * 10_000n
    return { n, capability, sellerBps, amount, at: start + Math.floor((n + noise) * 0.65 * DAY) }
  })
  const events: TrustEvent[] = [
    ...livelyEvents(200),
    ...trades.map(({ n, capability, amount, sellerBps, at }) =>
      settled({
        buyer: `p${n % 200}`,
        seller: veteran.identity.did,
        at,
        capability,
        amount,
        ...endOf(sellerBps),
        facts: {
          fundedAt: at - 3000,
          deliveredAt: at - 600,
          deliverBy: at,
          passed: sellerBps / 10_000,
          selfAudit: 1,
          agreedPrice: amount,
          listPrice: amount,
          runtimeAsAgreed: true,
        },
      }),
    ),
    {
      kind: 'bond',
      agent: veteran.identity.did,
      at: start,
      staked: 6_000_000_000n,
      free: 6_000_000_000n,
    },
    {
      kind: 'incident',
      incidentId: 'i1',
      agent: veteran.identity.did,
      at: desk.clock.now() - 20 * DAY,
      class: 'harm',
      severity: 0.2,
      reason: 'A customer was shown another customer’s file name',
    },
  ]
  const entries = events.map((fact) => ({
    action: 'tested',
    subject: 'market',
    at: start,
    data: {},
    fact,
  }))
  const { db, signer } = desk.oracle
  await db.transaction().execute((tx) => append(tx, signer, entries))
  await db
    .insertInto('settlement')
    .values(
      trades.map(({ n, capability, amount, sellerBps, at }) => {
        const hash = hashBytes(new TextEncoder().encode(`trade ${n}`))
        const seller = (amount * BigInt(sellerBps)) / 10_000n
        const settlement = encode(
          settlementSchema,
          {
            version: '1',
            pactId: hash,
            escrowId: `0x${hash}`,
            milestone: 0,
            chainId: 31_337,
            contract: desk.ground.deployment.escrow,
            buyer: desk.buyer.identity.did,
            seller: veteran.identity.did,
            outcome: sellerBps === 10_000 ? 'released' : sellerBps === 0 ? 'refunded' : 'ruled',
            amountUsdc: amount,
            sellerUsdc: seller,
            buyerUsdc: amount - seller,
            protocolFeeUsdc: 0n,
            arbitrationFeeUsdc: 0n,
            sellerBps,
            txHash: `0x${hash}`,
            blockNumber: n,
            settledAt: at,
            artifactHash: hash,
            reportHash: null,
            recordHash: null,
          },
          'invalid_settlement',
        )
        const signatures = { buyerSignature: 'a'.repeat(128), sellerSignature: 'b'.repeat(128) }
        return {
          escrow_id: `0x${hash}`,
          pact_id: hash,
          buyer_did: desk.buyer.identity.did,
          seller_did: veteran.identity.did,
          capability,
          counts: true,
          receipt: canonicalText({
            settlement,
            ...signatures,
            oracle: signer.did,
            signature: 'c'.repeat(128),
          }),
          settled_at: at,
        }
      }),
    )
    .execute()
  return { desk, veteran }
}

/** Registers an agent again with another profile. */
export async function rename(
  desk: Desk,
  who: Party,
  changes: Partial<ReturnType<typeof registrationSchema.decode>>,
): Promise<void> {
  const row = await desk.oracle.db
    .selectFrom('agent')
    .select('registration')
    .where('did', '=', who.identity.did)
    .executeTakeFirstOrThrow()
  const before = registrationSchema.decode(JSON.parse(row.registration))
  const body = encode(registrationSchema, { ...before, ...changes }, 'invalid_registration')
  await call(desk, { by: who, method: 'POST', path: '/api/v1/agents', body })
}

function endOf(sellerBps: number): Pick<SettledEscrow, 'ending' | 'sellerBps' | 'dispute'> {
  if (sellerBps === 10_000) return { ending: 'completed', sellerBps }
  return { ending: 'resolved', sellerBps, dispute: { by: 'buyer', awardedBps: sellerBps } }
}
