import {
  artifactHash,
  bindWallet,
  decodePact,
  encode,
  encodePact,
  formatUtc,
  hashPact,
  type Manifest,
  type Pact,
  type PactWire,
  type RouteName,
  signPact,
  walletBindingSchema,
} from '@earnest/sdk/protocol'
import { pactOf, party, registrationOf } from '../../oracle/support/world.ts'
import { type Attack, answerOf, type Case } from './case.ts'
import { type Sample, type Stand, samples } from './sample.ts'
import { shoot } from './signed.ts'

type Wire = Record<string, unknown>
type Row = [
  attack: Attack,
  what: string,
  answer: string,
  change: (sample: Sample, stand: Stand) => Partial<Sample> | Promise<Partial<Sample>>,
]

const stranger = party(77)
const word = `0x${'0'.repeat(64)}`
const hash = '0'.repeat(64)
const at = (byte: number) => `0x${byte.toString(16).padStart(2, '0').repeat(20)}`

/** Another body, signed by whoever sends it. */
const body =
  (change: (body: Wire, stand: Stand) => Wire | Promise<Wire>): Row[3] =>
  async (sample, stand) => ({ body: await change({ ...(sample.body as Wire) }, stand) })
/** A signed statement within the body, changed after it was signed. */
const within = (change: Wire): Row[3] =>
  body((outer) => ({ ...outer, body: { ...(outer.body as Wire), ...change } }))
const params =
  (change: Record<string, string>): Row[3] =>
  (sample) => ({ params: { ...sample.params, ...change } })

/** A pact that both have signed and that differs from a good one in one place. */
const pact = (change: (wire: PactWire, stand: Stand) => Partial<PactWire>): Row[3] =>
  body((_, stand) => {
    const wire = encodePact(pactOf(stand.desk))
    return registrationOf(stand.desk, decodePact({ ...wire, ...change(wire, stand) }))
  })
/** A registration with something put in the place of what was signed. */
const substituted = (change: (good: Wire, other: Wire) => Wire): Row[3] =>
  body((_, { desk }) => {
    const [good, other] = [pactOf(desk), { ...pactOf(desk), taskDescription: 'Something else' }]
    return {
      ...registrationOf(desk, good),
      ...change(registrationOf(desk, good), registrationOf(desk, other)),
    }
  })
/** An offer that the seller has signed and that differs from a good one in one place. */
const offer = (change: (wire: PactWire, stand: Stand) => Partial<PactWire>): Row[3] =>
  body((_, stand) => {
    const wire = encodePact(pactOf(stand.desk))
    const terms: Pact = decodePact({ ...wire, ...change(wire, stand) })
    const sellerSignature = signPact({ pact: terms, identity: stand.desk.seller.identity })
    return { pactHash: hashPact(terms), terms: encodePact(terms), sellerSignature }
  })
const elsewhere = (change: Partial<PactWire['escrow']>) => (wire: PactWire) => ({
  escrow: { ...wire.escrow, ...change },
})
const later = ({ desk }: Stand, seconds: number) => formatUtc(desk.clock.now() + seconds)

const overdue = ({ timing }: PactWire, stand: Stand): Partial<PactWire> => ({
  proposedAt: later(stand, -60),
  timing: { ...timing, fundBy: later(stand, 0) },
})

/** A wallet statement that the right two signed, for another chain. */
const boundElsewhere: Row[3] = body(async (good, { desk }) => {
  const { identity, wallet } = desk.seller
  const bound = await bindWallet({
    identity,
    body: {
      did: identity.did,
      wallet: wallet.address,
      chainId: 8453,
      issuedAt: desk.clock.now(),
      nonce: crypto.randomUUID(),
    },
    signWallet: (typedData) => wallet.signTypedData(typedData),
  })
  return { ...good, binding: encode(walletBindingSchema, bound, 'invalid_wallet_binding') }
})

const byStranger: Row = [
  'wrong key',
  'asked by a stranger',
  '403 signer_not_party',
  () => ({ by: stranger }),
]
const byBuyer: Row = [
  'wrong key',
  'by the buyer',
  '403 signer_not_party',
  (_, { desk }) => ({ by: desk.buyer }),
]
const nowhere: Row = [
  'lying',
  'an escrow that is not there',
  '404 escrow_unknown',
  params({ escrowId: word }),
]
const noPact: Row = [
  'lying',
  'a pact that is not there',
  '404 pact_unknown',
  params({ pactId: hash }),
]
const notMine = (answer: string): Row => [
  'wrong key',
  'in the name of another agent',
  answer,
  () => ({ by: stranger }),
]
const early = (answer: string): Row => [
  'reordered',
  'before anything is funded',
  answer,
  () => ({}),
]

const rows: Partial<Record<RouteName, Row[]>> = {
  registerAgent: [
    notMine('403 signer_not_agent'),
    [
      'wrong key',
      'the wallet of another agent',
      '422 invalid_wallet_binding',
      body((good, { desk }) => ({
        ...good,
        binding: {
          ...(good.binding as Wire),
          body: {
            ...((good.binding as Wire).body as Wire),
            wallet: desk.buyer.wallet.address.toLowerCase(),
          },
        },
      })),
    ],
    ['wrong chain', 'a wallet bound for another chain', '422 wrong_chain', boundElsewhere],
    [
      'malformed',
      'an endpoint that is no web address',
      '422 invalid_request',
      body((good) => ({ ...good, endpoint: 'javascript:1' })),
    ],
  ],
  rotateKey: [
    ['lying', 'an entry that neither key nor wallet signed', '422 invalid_key_log', () => ({})],
    [
      'lying',
      'the log of another agent',
      '404 agent_unknown',
      params({ did: party(78).identity.did }),
    ],
  ],
  sendHeartbeat: [
    notMine('403 signer_not_agent'),
    [
      'lying',
      'an agent that is not there',
      '404 agent_unknown',
      () => ({ by: stranger, params: { did: stranger.identity.did } }),
    ],
  ],
  appealFlag: [
    notMine('403 signer_not_agent'),
    ['lying', 'a flag that nobody raised', '404 flag_unknown', () => ({})],
  ],
  importCredential: [
    ['wrong key', 'of an issuer that nobody here trusts', '403 issuer_untrusted', () => ({})],
  ],
  registerPact: [
    byStranger,
    [
      'lying',
      'terms changed after they were signed',
      '422 pact_hash_mismatch',
      substituted((_, { terms }) => ({ terms })),
    ],
    [
      'lying',
      'other terms under their own hash, with the signatures of the first',
      '422 invalid_buyer_signature',
      substituted((_, { terms, pactHash }) => ({ terms, pactHash })),
    ],
    [
      'lying',
      'a hash of other terms',
      '422 pact_hash_mismatch',
      substituted((_, { pactHash }) => ({ pactHash })),
    ],
    [
      'lying',
      'the seller’s signature of another pact',
      '422 invalid_seller_signature',
      substituted((_, { sellerSignature }) => ({ sellerSignature })),
    ],
    [
      'lying',
      'one signature twice',
      '422 invalid_seller_signature',
      substituted(({ buyerSignature }) => ({ sellerSignature: buyerSignature })),
    ],
    [
      'lying',
      'parties that are not those of the terms',
      '409 pact_mismatch',
      substituted(({ buyerDid }) => ({ sellerDid: buyerDid })),
    ],
    ['wrong chain', 'another chain', '422 wrong_chain', pact(elsewhere({ chainId: 8453 }))],
    [
      'wrong chain',
      'another escrow contract',
      '422 wrong_escrow',
      pact(elsewhere({ contract: at(0x77) as never })),
    ],
    [
      'wrong chain',
      'another token',
      '422 wrong_escrow',
      pact(elsewhere({ token: at(0x77) as never })),
    ],
    [
      'replayed',
      'the nonce of other terms',
      '409 nonce_reused',
      body((_, { desk, pact: known }) =>
        registrationOf(desk, { ...known, taskDescription: 'Something else' }),
      ),
    ],
    [
      'stale',
      'agreed more than a day ago',
      '422 registration_too_late',
      pact((_, stand) => ({ proposedAt: later(stand, -86_401) })),
    ],
    [
      'clock skew',
      'agreed 301 s ahead',
      '422 clock_skew',
      pact((_, stand) => ({ proposedAt: later(stand, 301) })),
    ],
    [
      'unknown field',
      'a term that nobody knows',
      '422 invalid_request',
      body((good) => ({ ...good, terms: { ...(good.terms as Wire), extra: 1 } })),
    ],
    [
      'malformed',
      'seven decimals',
      '422 invalid_request',
      body((good) => ({ ...good, terms: { ...(good.terms as Wire), paymentUsdc: '1.0000001' } })),
    ],
    [
      'lying',
      'a deposit that no criterion names',
      '422 deposit_mismatch',
      body((good) => ({ ...good, deposits: [{ sha256: 'ab'.repeat(32), content: 'eA==' }] })),
    ],
    [
      'replayed',
      'the same pact again',
      '201',
      body((_, { desk, pact: known }) => registrationOf(desk, known)),
    ],
  ],
  cancelPact: [byBuyer, noPact],
  reportFailure: [
    byBuyer,
    noPact,
    [
      'lying',
      'the escrow of another pact',
      '409 pact_mismatch',
      body((good) => ({ ...good, escrowId: word })),
    ],
  ],
  makeOffer: [
    notMine('403 signer_not_party'),
    [
      'lying',
      'terms changed after they were signed',
      '422 pact_hash_mismatch',
      body((good) => ({
        ...good,
        terms: { ...(good.terms as Wire), taskDescription: 'Something else' },
      })),
    ],
    [
      'wrong key',
      'a signature of somebody else',
      '422 invalid_seller_signature',
      body((good) => ({ ...good, sellerSignature: 'ab'.repeat(64) })),
    ],
    ['wrong chain', 'another chain', '422 wrong_chain', offer(elsewhere({ chainId: 8453 }))],
    ['stale', 'a time to fund that is past', '422 fund_by_passed', offer(overdue)],
    [
      'lying',
      'an answer to an offer that is not there',
      '404 offer_unknown',
      body((good) => ({ ...good, answers: hash })),
    ],
  ],
  withdrawOffer: [
    ['lying', 'an offer that is not there', '404 offer_unknown', params({ pactId: hash })],
  ],
  claimOffer: [
    ['lying', 'an offer that is not there', '404 offer_unknown', params({ pactId: hash })],
    ['lying', 'one that is for somebody', '404 offer_unknown', () => ({})],
  ],
  offerSplit: [nowhere, early('404 escrow_unknown')],
  listSplits: [nowhere],
  putArtifact: [
    byBuyer,
    nowhere,
    early('409 not_funded'),
    ['malformed', 'a name that leaves its folder', '422 invalid_request', params({ name: '../a' })],
  ],
  complete: [
    byBuyer,
    [
      'lying',
      'an escrow that is not there',
      '404 escrow_unknown',
      body((good) => ({ ...good, escrowId: word })),
    ],
    [
      'lying',
      'a pact that is not there',
      '404 pact_unknown',
      body((good) => ({ ...good, pactId: hash })),
    ],
    [
      'lying',
      'for another oracle',
      '409 wrong_audience',
      body((good) => ({ ...good, audience: stranger.identity.did })),
    ],
    ['lying', 'a hash of another manifest', '422 hash_mismatch', () => ({})],
    [
      'wrong key',
      'a proof that the seller did not sign',
      '422 invalid_seller_signature',
      body((good) => ({ ...good, deliverableHash: artifactHash(good.manifest as Manifest) })),
    ],
  ],
  grantArtifacts: [byStranger, nowhere, early('409 not_delivered')],
  revokeGrants: [['lying', 'an escrow that is not there', '200', params({ escrowId: word })]],
  listReads: [byStranger, nowhere],
  getPapers: [byStranger, nowhere],
  dispute: [
    ['lying', 'an escrow that is not there', '404 escrow_unknown', within({ escrowId: word })],
    early('404 escrow_unknown'),
  ],
  defend: [nowhere, early('404 escrow_unknown')],
  addEvidence: [nowhere, early('404 escrow_unknown')],
  getPackage: [byStranger, nowhere],
  getFullRecord: [byStranger, nowhere],
  relay: [
    ['lying', 'a call that no verb of ours is', '422 relay_refused', () => ({})],
    ['malformed', 'no call at all', '422 relay_refused', body(() => ({ data: '0x' }))],
  ],
  createWebhook: [
    [
      'lying',
      'an address within the house',
      '422 invalid_request',
      body(() => ({ url: 'http://169.254.169.254/' })),
    ],
    ['malformed', 'an address that is none', '422 invalid_request', body(() => ({ url: 'agent' }))],
  ],
  confirmWebhook: [['lying', 'a webhook that is not there', '404 webhook_unknown', () => ({})]],
  replayWebhook: [['lying', 'a webhook that is not there', '404 webhook_unknown', () => ({})]],
  deleteWebhook: [['lying', 'a webhook that is not there', '404 webhook_unknown', () => ({})]],
  listNotices: [byStranger, nowhere],
}

/** Every signed route with a request whose headers are right and whose content is not. */
export const writingCases: readonly Case<Stand>[] = Object.entries(rows).flatMap(([name, cases]) =>
  cases.map(([attack, what, answer, change]) => {
    const on = name as RouteName
    const act = async (stand: Stand) => {
      const sample = await samples[on]?.(stand)
      if (sample === undefined) throw new Error(`no sample of ${on}`)
      return answerOf(shoot(on, stand, { ...sample, ...(await change(sample, stand)) }))
    }
    return { on, attack, what, answer, act }
  }),
)
