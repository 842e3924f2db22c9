import { createIdentity, decodePact, type Pact, type PactWire } from '@earnest/sdk/protocol'

/** Secret keys of nobody: 32 equal bytes. */
export const buyerSecret = new Uint8Array(32).fill(0x11)
const sellerSecret = new Uint8Array(32).fill(0x22)
export const oracleSecret = new Uint8Array(32).fill(0x33)

export const buyer = createIdentity({ secretKey: buyerSecret })
export const seller = createIdentity({ secretKey: sellerSecret })
export const oracle = createIdentity({ secretKey: oracleSecret })

/** The 500 USDC analysis: three scenarios, sensitivity tables, JSON and a PDF, in its wire form. */
export const samplePactWire: PactWire = {
  version: '1',
  buyer: { did: buyer.did, wallet: '0x00000000000000000000000000000000000b0b01' },
  seller: { did: seller.did, wallet: '0x00000000000000000000000000000000005e1101' },
  proposedBy: buyer.did,
  proposedTo: seller.did,
  capability: 'financial_analysis',
  taskDescription:
    'DCF analysis for the Q2 2026 earnings forecast. 5-year model, 3 scenarios (base/bull/bear), sensitivity tables for WACC 8–12% and terminal growth 2–4%.',
  input: { ticker: 'ACME', revenue: [120.5, 131.25, 140], currency: 'USD' },
  deliverableFormat: ['application/json', 'application/pdf'],
  acceptance: [
    {
      id: 'model',
      description: 'A DCF model over five years',
      weight: 20,
      verifier: { type: 'path', file: 'result.json', paths: ['/dcfModel'] },
    },
    {
      id: 'base',
      description: 'The base scenario',
      weight: 15,
      verifier: { type: 'path', file: 'result.json', paths: ['/scenarios/base'] },
    },
    {
      id: 'bull',
      description: 'The bull scenario',
      weight: 15,
      verifier: { type: 'path', file: 'result.json', paths: ['/scenarios/bull'] },
    },
    {
      id: 'bear',
      description: 'The bear scenario',
      weight: 30,
      verifier: { type: 'path', file: 'result.json', paths: ['/scenarios/bear'] },
    },
    {
      id: 'sensitivity',
      description: 'The sensitivity tables',
      weight: 20,
      verifier: { type: 'path', file: 'result.json', paths: ['/sensitivityTable'] },
    },
  ],
  paymentUsdc: '500',
  deadlineUtc: '2026-04-23T18:00:00Z',
  timing: {
    profile: 'agent',
    fundBy: '2026-04-22T10:00:00Z',
    windows: { review: 43_200, response: 86_400, negotiation: 86_400, arbitration: 259_200 },
  },
  escrow: {
    chainId: 84_532,
    contract: '0x00000000000000000000000000000000e5c20001',
    token: '0x036cbd53842c5426634e7929541ec2318f3dcf7e',
    arbiter: '0x00000000000000000000000000000000a2b17e01',
    vault: '0x0000000000000000000000000000000000000000',
    fees: {
      protocolBps: 50,
      arbitrationBps: 100,
      recipient: '0x00000000000000000000000000000000000fee01',
    },
    fallback: { sellerBps: 5000 },
    ladder: '00000000000000000000000000000000000000000000000000000000000000a1',
  },
  disclosure: { committee: true, judges: ['openai', 'anthropic'] },
  proposedAt: '2026-04-22T09:00:00Z',
  nonce: '8f14e45f-ceea-467f-9bd5-0c1b2a3d4e5f',
  salt: '5a17000000000000000000000000000000000000000000000000000000000001',
}

/** The same pact in memory, with fields replaced. */
export function samplePact(changes: Partial<PactWire> = {}): Pact {
  return decodePact({ ...samplePactWire, ...changes })
}
