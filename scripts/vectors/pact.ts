import {
  canonicalText,
  decodePact,
  encodePact,
  hashPact,
  type PactWire,
  signingBytes,
  signPact,
} from '@earnest/sdk/protocol'
import { buyer, samplePactWire, seller } from '../../test/support/pact.ts'
import { hexOf } from './hex.ts'

/** Two milestones: one pact, two escrows. */
export const milestonePactWire: PactWire = {
  ...samplePactWire,
  milestones: [
    {
      title: 'Model and base scenario',
      paymentUsdc: '200.5',
      fundBy: '2026-04-22T10:00:00Z',
      deadlineUtc: '2026-04-23T12:00:00Z',
      acceptance: ['model', 'base'],
      deliverableFormat: ['application/json'],
    },
    {
      title: 'The rest',
      paymentUsdc: '299.5',
      fundBy: '2026-04-23T13:00:00Z',
      deadlineUtc: '2026-04-23T18:00:00Z',
      acceptance: ['bull', 'bear', 'sensitivity'],
      deliverableFormat: ['application/json', 'application/pdf'],
    },
  ],
}

const measured = {
  id: 'accuracy',
  description: 'Forecasts against the held-out quarters',
  weight: 10,
  verifier: {
    type: 'metric',
    file: 'result.json',
    pointer: '/forecast',
    source: { kind: 'heldOut', sha256: 'ab'.repeat(32), measure: 'accuracy' },
    min: 0.92,
  },
} satisfies PactWire['acceptance'][number]

/** Pacts with their canonical text, hash, signing bytes and both signatures. */
export function pactVectors() {
  const list: [string, PactWire][] = [
    ['five criteria', samplePactWire],
    ['two milestones', milestonePactWire],
    [
      'accuracy measured on held-out data',
      {
        ...samplePactWire,
        acceptance: [...samplePactWire.acceptance, measured],
        accuracyRequirement: 0.92,
        accuracyMethod: 'accuracy',
      },
    ],
    [
      'subjective: no criteria, proposed by the seller',
      {
        ...samplePactWire,
        acceptance: [],
        proposedBy: seller.did,
        proposedTo: buyer.did,
        accuracyRequirement: 0.9,
        accuracyMethod: 'unverified',
      },
    ],
    ['the smallest amount, instant release', { ...samplePactWire, paymentUsdc: '0.01' }],
  ]
  const cases = list.map(([name, wire]) => {
    const pact = decodePact(wire)
    const body = encodePact(pact)
    return {
      name,
      pact: body,
      canonical: canonicalText(body),
      hash: hashPact(pact),
      signingBytes: hexOf(signingBytes({ type: 'pact', body })),
      buyerKey: hexOf(buyer.publicKey),
      buyerSignature: signPact({ pact, identity: buyer }),
      sellerKey: hexOf(seller.publicKey),
      sellerSignature: signPact({ pact, identity: seller }),
    }
  })
  return { cases, refused }
}

const { min: _, ...unbounded } = measured.verifier
const { escrow, timing } = samplePactWire
const zero = '0x0000000000000000000000000000000000000000'
const [first] = samplePactWire.acceptance
const staged = milestonePactWire.milestones ?? []

/** Changes to the first case (null removes the field) and the code that refuses them. */
const refused: { name: string; change: Record<string, unknown>; code: string }[] = [
  { name: 'an unknown field', change: { gratuity: '1' }, code: 'invalid_pact' },
  { name: 'version 2', change: { version: '2' }, code: 'invalid_pact' },
  { name: 'no acceptance list', change: { acceptance: null }, code: 'invalid_pact' },
  { name: 'no salt', change: { salt: null }, code: 'invalid_pact' },
  { name: 'no nonce', change: { nonce: null }, code: 'invalid_pact' },
  { name: 'an empty task', change: { taskDescription: '' }, code: 'invalid_pact' },
  { name: 'money as a number', change: { paymentUsdc: 500 }, code: 'invalid_pact' },
  { name: 'money with trailing zeros', change: { paymentUsdc: '500.00' }, code: 'invalid_pact' },
  { name: 'money in seven decimals', change: { paymentUsdc: '0.0100001' }, code: 'invalid_pact' },
  { name: 'money with an exponent', change: { paymentUsdc: '5e2' }, code: 'invalid_pact' },
  { name: 'money below nothing', change: { paymentUsdc: '-5' }, code: 'invalid_pact' },
  {
    name: 'one base unit below the least',
    change: { paymentUsdc: '0.009999' },
    code: 'amount_too_small',
  },
  {
    name: 'a local deadline',
    change: { deadlineUtc: '2026-04-23T18:00:00+02:00' },
    code: 'invalid_pact',
  },
  {
    name: 'a day that is none',
    change: { deadlineUtc: '2026-02-30T18:00:00Z' },
    code: 'invalid_pact',
  },
  {
    name: 'a format in prose',
    change: { deliverableFormat: ['JSON + PDF summary'] },
    code: 'invalid_pact',
  },
  {
    name: 'a format twice',
    change: { deliverableFormat: ['text/csv', 'text/csv'] },
    code: 'duplicate_format',
  },
  { name: 'no format', change: { deliverableFormat: [] }, code: 'invalid_pact' },
  {
    name: 'proposed by a third',
    change: { proposedBy: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK' },
    code: 'proposer_mismatch',
  },
  { name: 'proposed to oneself', change: { proposedTo: buyer.did }, code: 'recipient_mismatch' },
  {
    name: 'one agent on both sides',
    change: { seller: { ...samplePactWire.seller, did: buyer.did } },
    code: 'equal_parties',
  },
  {
    name: 'one wallet on both sides',
    change: { seller: { did: seller.did, wallet: samplePactWire.buyer.wallet } },
    code: 'equal_parties',
  },
  {
    name: 'the buyer as arbiter',
    change: { escrow: { ...escrow, arbiter: samplePactWire.buyer.wallet } },
    code: 'equal_parties',
  },
  { name: 'no arbiter', change: { escrow: { ...escrow, arbiter: zero } }, code: 'zero_address' },
  {
    name: 'the token as seller',
    change: { seller: { did: seller.did, wallet: escrow.token } },
    code: 'equal_parties',
  },
  {
    name: 'an address in mixed case',
    change: { escrow: { ...escrow, token: '0x036CbD53842c5426634e7929541eC2318f3dCF7e' } },
    code: 'invalid_pact',
  },
  {
    name: 'a protocol fee above the cap',
    change: { escrow: { ...escrow, fees: { ...escrow.fees, protocolBps: 201 } } },
    code: 'fee_above_cap',
  },
  {
    name: 'an arbitration fee above the cap',
    change: { escrow: { ...escrow, fees: { ...escrow.fees, arbitrationBps: 501 } } },
    code: 'fee_above_cap',
  },
  {
    name: 'a negative fee',
    change: { escrow: { ...escrow, fees: { ...escrow.fees, protocolBps: -1 } } },
    code: 'fee_above_cap',
  },
  {
    name: 'a fee to nobody',
    change: { escrow: { ...escrow, fees: { ...escrow.fees, recipient: zero } } },
    code: 'zero_address',
  },
  {
    name: 'a fallback above all',
    change: { escrow: { ...escrow, fallback: { sellerBps: 10_001 } } },
    code: 'split_out_of_range',
  },
  {
    name: 'fundBy at the deadline',
    change: { timing: { ...timing, fundBy: samplePactWire.deadlineUtc } },
    code: 'fund_by_not_before_deadline',
  },
  {
    name: 'fundBy when it is proposed',
    change: { timing: { ...timing, fundBy: samplePactWire.proposedAt } },
    code: 'fund_by_passed',
  },
  ...(['review', 'response', 'negotiation', 'arbitration'] as const).flatMap((name) =>
    [59, 2_592_001, -1, ...(name === 'review' ? [] : [0])].map((seconds) => ({
      name: `a ${name} window of ${seconds} s`,
      change: { timing: { ...timing, windows: { ...timing.windows, [name]: seconds } } },
      code: 'window_out_of_range',
    })),
  ),
  {
    name: 'a window in fractions',
    change: { timing: { ...timing, windows: { ...timing.windows, review: 60.5 } } },
    code: 'invalid_pact',
  },
  {
    name: 'one criterion twice',
    change: { acceptance: [first, first] },
    code: 'duplicate_criterion',
  },
  {
    name: 'a criterion without weight',
    change: { acceptance: [{ ...first, weight: 0 }] },
    code: 'invalid_pact',
  },
  {
    name: 'a verifier that believes the seller',
    change: { acceptance: [{ ...first, verifier: { type: 'selfReported' } }] },
    code: 'invalid_pact',
  },
  {
    name: 'a metric without a bound',
    change: {
      acceptance: [{ ...measured, verifier: unbounded }],
    },
    code: 'metric_without_bound',
  },
  {
    name: 'accuracy of 1.01',
    change: { accuracyRequirement: 1.01, accuracyMethod: 'unverified' },
    code: 'accuracy_out_of_range',
  },
  {
    name: 'accuracy by no method',
    change: { accuracyRequirement: 0.92 },
    code: 'accuracy_method_missing',
  },
  {
    name: 'accuracy by a criterion that measures nothing',
    change: { accuracyRequirement: 0.92, accuracyMethod: 'model' },
    code: 'accuracy_method_mismatch',
  },
  {
    name: 'accuracy above what the metric demands',
    change: { acceptance: [measured], accuracyRequirement: 0.93, accuracyMethod: 'accuracy' },
    code: 'accuracy_method_mismatch',
  },
  {
    name: 'milestones that do not add up',
    change: { milestones: [{ ...staged[0], paymentUsdc: '200' }, staged[1]] },
    code: 'milestone_sum_mismatch',
  },
  {
    name: 'a milestone of an unknown criterion',
    change: { milestones: [{ ...staged[0], acceptance: ['model', 'base', 'x'] }, staged[1]] },
    code: 'unknown_criterion',
  },
  {
    name: 'a criterion of no milestone',
    change: { milestones: [{ ...staged[0], acceptance: ['model'] }, staged[1]] },
    code: 'criterion_not_assigned',
  },
  {
    name: 'a last milestone before the deadline',
    change: { milestones: [staged[0], { ...staged[1], deadlineUtc: '2026-04-23T17:00:00Z' }] },
    code: 'milestone_order',
  },
]
