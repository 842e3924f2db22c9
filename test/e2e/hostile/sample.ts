import {
  API_BASE,
  bindWallet,
  CREDENTIAL_HEAD,
  encode,
  encodePact,
  escrowIdOfPact,
  hashBytes,
  hashPact,
  type Pact,
  type RouteName,
  registrationSchema,
  routes,
  signCredential,
  signedCredentialSchema,
  signPact,
} from '@earnest/sdk/protocol'
import {
  agree,
  type createDesk,
  type Party,
  pactOf,
  party,
  register,
  registrationOf,
} from '../../oracle/support/world.ts'

type Desk = Awaited<ReturnType<typeof createDesk>>

/** An oracle that knows two agents and a pact of theirs. */
export type Stand = { desk: Desk; pact: Pact }

/** Has both parties and their pact registered. */
export async function setUp(desk: Desk): Promise<Stand> {
  await register(desk, desk.buyer)
  await register(desk, desk.seller)
  const pact = pactOf(desk)
  await agree(desk, pact)
  return { desk, pact }
}

/** A request that its route reads to the end; whether it is granted is another matter. */
export type Sample = {
  by: Party
  params?: Record<string, string>
  /** JSON, or the bytes themselves. */
  body?: unknown
}

const signature = 'ab'.repeat(64)

/** What an oracle that nobody here trusts says of an agent. */
function foreignCredential(id: string, now: number) {
  const { identity } = party(98)
  const credential = signCredential({
    credential: {
      ...CREDENTIAL_HEAD,
      id: 'urn:uuid:8f14e45f-ceea-467f-9bd5-0c1b2a3d4e5f',
      issuer: identity.did,
      validFrom: now,
      validUntil: now + 1000,
      credentialStatus: { id: 'https://oracle.test/1', type: 'EarnestRevocation' },
      credentialSubject: {
        id,
        role: 'seller',
        domain: '*',
        transactions: 1,
        score: null,
        fulfilled: 1,
        failed: 0,
        meanUsdc: 1_000_000n,
        windowFrom: now - 1000,
        windowUntil: now,
        evidenceRoot: 'ab'.repeat(32),
        evidenceSize: 1,
        scorer: '1',
      },
    },
    identity,
    created: now,
  })
  return encode(signedCredentialSchema, credential, 'invalid_credential')
}

/** One well-formed request for each signed route. */
export const samples: Partial<Record<RouteName, (stand: Stand) => Sample | Promise<Sample>>> = {
  registerAgent: async ({ desk }) => ({
    by: desk.seller,
    body: await registration(desk, desk.seller),
  }),
  rotateKey: ({ desk }) => ({
    by: desk.seller,
    params: { did: desk.seller.identity.did },
    body: {
      body: {
        did: desk.seller.identity.did,
        seq: 0,
        key: desk.seller.identity.did,
        nextKeyHash: hashBytes(new Uint8Array(32)),
        wallet: desk.seller.wallet.address.toLowerCase(),
        chainId: 31_337,
        at: '2027-01-15T08:00:00Z',
        previous: null,
      },
      signature,
      walletSignature: '0xab',
    },
  }),
  sendHeartbeat: ({ desk }) => ({
    by: desk.seller,
    params: { did: desk.seller.identity.did },
    body: { at: '2027-01-15T08:00:00Z', escrowIds: [] },
  }),
  appealFlag: ({ desk }) => ({
    by: desk.seller,
    params: { id: desk.seller.identity.did },
    body: { flagId: 'flag:none', statement: 'We share an exchange, not a purse' },
  }),
  importCredential: ({ desk }) => ({
    by: desk.seller,
    params: { id: desk.seller.identity.did },
    body: { credential: foreignCredential(desk.seller.identity.did, desk.clock.now()) },
  }),
  registerPact: ({ desk }) => ({ by: desk.buyer, body: registrationOf(desk, pactOf(desk)) }),
  makeOffer: ({ desk }) => {
    const pact = pactOf(desk)
    const sellerSignature = signPact({ pact, identity: desk.seller.identity })
    const body = { pactHash: hashPact(pact), terms: encodePact(pact), sellerSignature }
    return { by: desk.seller, body }
  },
  listOffers: ({ desk }) => ({ by: desk.buyer }),
  withdrawOffer: ({ desk, pact }) => ({ by: desk.seller, params: { pactId: hashPact(pact) } }),
  claimOffer: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { pactId: hashPact(pact) },
    body: {},
  }),
  offerSplit: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { escrowId: escrowIdOfPact({ pact }) },
    body: { sellerBps: 5000, seq: 1, consent: `0x${'ab'.repeat(71)}` },
  }),
  listSplits: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { escrowId: escrowIdOfPact({ pact }) },
  }),
  cancelPact: ({ desk, pact }) => ({
    by: desk.seller,
    params: { pactId: hashPact(pact) },
    body: { reason: 'We cannot' },
  }),
  reportFailure: ({ desk, pact }) => ({
    by: desk.seller,
    params: { pactId: hashPact(pact) },
    body: { escrowId: escrowIdOfPact({ pact }), failureReason: 'We could not' },
  }),
  putArtifact: ({ desk, pact }) => ({
    by: desk.seller,
    params: { escrowId: escrowIdOfPact({ pact }), name: 'result.json' },
    body: new TextEncoder().encode('{"greeting":"hello"}'),
  }),
  complete: ({ desk, pact }) => ({
    by: desk.seller,
    body: {
      escrowId: escrowIdOfPact({ pact }),
      pactId: hashPact(pact),
      round: 1,
      seller: desk.seller.identity.did,
      audience: desk.oracle.signer.did,
      deliverableHash: hashBytes(new Uint8Array(1)),
      manifest: [
        {
          name: 'result.json',
          mime: 'application/json',
          size: 1,
          sha256: hashBytes(new Uint8Array(1)),
        },
      ],
      completionTimeUtc: '2027-01-15T08:00:00Z',
      executionMetrics: { latencyMs: 1 },
      nonce: crypto.randomUUID(),
      sellerSignature: signature,
      sellerAuthorization: { authorization: '0xab', reserve: false },
    },
  }),
  grantArtifacts: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { escrowId: escrowIdOfPact({ pact }) },
  }),
  revokeGrants: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { escrowId: escrowIdOfPact({ pact }) },
  }),
  listReads: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { escrowId: escrowIdOfPact({ pact }) },
  }),
  getPapers: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { escrowId: escrowIdOfPact({ pact }) },
  }),
  dispute: ({ desk, pact }) => ({
    by: desk.buyer,
    body: {
      body: {
        escrowId: escrowIdOfPact({ pact }),
        pactId: hashPact(pact),
        round: 1,
        disputedBy: desk.buyer.identity.did,
        reason: 'incomplete',
        claim: 'There is no name',
        evidence: [],
        claimedAt: '2027-01-15T08:00:00Z',
        nonce: crypto.randomUUID(),
      },
      signature,
    },
  }),
  defend: ({ desk, pact }) => ({
    by: desk.seller,
    params: { escrowId: escrowIdOfPact({ pact }) },
    body: {
      body: {
        escrowId: escrowIdOfPact({ pact }),
        pactId: hashPact(pact),
        defendedBy: desk.seller.identity.did,
        explanation: 'Nobody asked for a name',
        evidence: [],
        defendedAt: '2027-01-15T08:00:00Z',
        nonce: crypto.randomUUID(),
      },
      signature,
    },
  }),
  addEvidence: ({ desk, pact }) => ({
    by: desk.seller,
    params: { escrowId: escrowIdOfPact({ pact }) },
    body: {
      body: {
        escrowId: escrowIdOfPact({ pact }),
        submittedBy: desk.seller.identity.did,
        evidence: [{ type: 'specific_claim', content: 'See above' }],
        submittedAt: '2027-01-15T08:00:00Z',
        nonce: crypto.randomUUID(),
      },
      signature,
    },
  }),
  getPackage: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { escrowId: escrowIdOfPact({ pact }) },
  }),
  getFullRecord: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { escrowId: escrowIdOfPact({ pact }) },
  }),
  relay: ({ desk }) => ({ by: desk.buyer, body: { data: '0xdeadbeef' } }),
  createWebhook: ({ desk }) => ({ by: desk.buyer, body: { url: 'https://agent.test/events' } }),
  listWebhooks: ({ desk }) => ({ by: desk.buyer }),
  confirmWebhook: ({ desk }) => ({
    by: desk.buyer,
    params: { webhookId: crypto.randomUUID() },
    body: { code: '12345678' },
  }),
  replayWebhook: ({ desk }) => ({
    by: desk.buyer,
    params: { webhookId: crypto.randomUUID() },
    body: { after: 0 },
  }),
  deleteWebhook: ({ desk }) => ({ by: desk.buyer, params: { webhookId: crypto.randomUUID() } }),
  listNotices: ({ desk, pact }) => ({
    by: desk.buyer,
    params: { escrowId: escrowIdOfPact({ pact }) },
  }),
}

/** The path of a route with its parameters, escaped. */
export function pathWith(name: RouteName, params: Record<string, string> = {}): string {
  const path = routes[name].path.replace(/:([a-zA-Z]+)/g, (_, key: string) =>
    encodeURIComponent(params[key] ?? ''),
  )
  return API_BASE + path
}

async function registration(desk: Desk, { identity, wallet }: Party): Promise<unknown> {
  const binding = await bindWallet({
    identity,
    body: {
      did: identity.did,
      wallet: wallet.address,
      chainId: desk.ground.deployment.chainId,
      issuedAt: desk.oracle.clock.now(),
      nonce: crypto.randomUUID(),
    },
    signWallet: (typedData) => wallet.signTypedData(typedData),
  })
  const body = {
    did: identity.did,
    name: 'An agent',
    description: 'It does what it says',
    endpoint: 'https://agent.test/a2a',
    capabilities: ['financial_analysis'],
    inputFormats: ['application/json'],
    outputFormats: ['application/json'],
    binding,
  }
  return encode(registrationSchema, body, 'invalid_registration')
}
