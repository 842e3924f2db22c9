import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AgentCard, verifyAgentCardSignature } from '@a2a-js/sdk'
import { privateKeyToAccount } from 'viem/accounts'
import { discover, readCard } from '../../../sdk/src/discovery/discover.ts'
import { type AgentFacts, publish } from '../../../sdk/src/discovery/publish.ts'
import { signCard } from '../../../sdk/src/discovery/signCard.ts'
import { createManualClock } from '../../../sdk/src/protocol/clock.ts'
import { encode } from '../../../sdk/src/protocol/decode.ts'
import { createIdentity } from '../../../sdk/src/protocol/identity.ts'
import {
  commitToKey,
  hashKeyEntry,
  type KeyEntryBody,
  keyEntryBodySchema,
  keyEntryTypedData,
  keyText,
} from '../../../sdk/src/protocol/keylog.ts'
import { bindWallet } from '../../../sdk/src/protocol/wallet.ts'

const now = 1_790_000_000
const clock = createManualClock(now)
const identity = createIdentity({ secretKey: new Uint8Array(32).fill(7) })
const stranger = createIdentity({ secretKey: new Uint8Array(32).fill(8) })
const account = privateKeyToAccount(`0x${'11'.repeat(32)}`)
const chainId = 31337

const wallet = await bindWallet({
  identity,
  body: {
    did: identity.did,
    wallet: account.address,
    chainId,
    issuedAt: now,
    nonce: '11111111-1111-4111-8111-111111111111',
  },
  signWallet: (typedData) => account.signTypedData(typedData),
})

const facts: AgentFacts = {
  name: 'DataAnalysis-Pro-v2',
  description: 'Financial analysis, forecasting, and modeling agent.',
  version: '2.4.1',
  endpoint: 'https://agent.example/a2a',
  skills: ['financial_analysis', 'dcf_modeling'].map((id) => ({
    id,
    name: id,
    description: `Does ${id}`,
  })),
  trade: {
    pactVersions: ['1'],
    settlement: {
      network: chainId,
      asset: `0x${'a1'.repeat(20)}`,
      escrow: `0x${'a2'.repeat(20)}`,
      payTo: account.address,
      transferMethod: 'eip3009',
    },
    pricing: { currency: 'USDC', perTask: 50_000_000n, complex: 500_000_000n },
    sla: { maxResponseTimeMs: 300_000, uptime99Days: 30 },
    inputFormats: ['application/json', 'text/csv'],
    outputFormats: ['application/json', 'application/pdf'],
    timing: { profiles: ['agent'] },
    arbiters: [`0x${'a3'.repeat(20)}`],
  },
  trust: {
    wallet,
    trustScoreUrl: `https://oracle.example/api/v1/trust/${identity.did}`,
    verified: true,
    bondTier: 2,
  },
}
const cards = publish({ facts, identity })

/** Serves documents by path and counts the requests. */
function serve(documents: Record<string, unknown>) {
  const requests: string[] = []
  const fetch = (async (input: string | URL | Request) => {
    const { pathname } = new URL(String(input))
    requests.push(pathname)
    const document = documents[pathname]
    if (document === undefined) return new Response('no', { status: 404 })
    return typeof document === 'string' ? new Response(document) : Response.json(document)
  }) as typeof globalThis.fetch
  return { requests, fetch }
}

const paths = ['/.well-known/agent-card.json', '/.well-known/agent.json'] as const
const url = 'https://agent.example'
const wire = (card: object) => JSON.parse(JSON.stringify(card)) as Record<string, unknown>

describe('discover', () => {
  test('[DIS-17] one GET finds, reads and proves the card; two where only the old path exists', async () => {
    const both = serve({ [paths[0]]: cards.agentCard, [paths[1]]: cards.sourceCard })
    const agent = await discover(url, { clock, fetch: both.fetch })
    assert.deepEqual(both.requests, [paths[0]])
    assert.equal(agent.did, identity.did)
    assert.equal(agent.endpoint, facts.endpoint)
    assert.equal(agent.wallet?.address, account.address)

    const old = serve({ [paths[1]]: cards.sourceCard })
    assert.equal((await discover(url, { clock, fetch: old.fetch })).did, identity.did)
    assert.deepEqual(old.requests, [...paths])
  })

  test('[W-50] [DIS-02] both documents parse, both verify, and state the same facts', async () => {
    const { card: _a, cardHash: _b, ...modern } = await readCard(wire(cards.agentCard), { clock })
    const { card: _c, cardHash: _d, ...source } = await readCard(wire(cards.sourceCard), { clock })
    assert.deepEqual(modern, source)
    assert.deepEqual(modern.capabilities, ['financial_analysis', 'dcf_modeling'])
    assert.deepEqual(modern.inputFormats, facts.trade.inputFormats)
    assert.deepEqual(modern.claims, {
      verified: true,
      bondTier: 2,
      trustScoreUrl: facts.trust.trustScoreUrl,
    })
  })

  test('[DIS-06] what the source’s card lists as capabilities are the skill ids of the A2A card', () => {
    const { capabilities } = wire(cards.sourceCard)
    const skills = wire(cards.agentCard).skills as { id: string }[]
    assert.deepEqual(
      skills.map(({ id }) => id),
      capabilities,
    )
    assert.deepEqual(capabilities, ['financial_analysis', 'dcf_modeling'])
  })

  test('[DIS-10] prices parse to base units', async () => {
    const card = wire(cards.sourceCard)
    assert.deepEqual(card.pricing as object, { currency: 'USDC', perTask: 50, complex: 500 })
    const { pricing } = await readCard(card, { clock })
    assert.equal(pricing.perTask, 50_000_000n)
    assert.equal(pricing.complex, 500_000_000n)
  })

  test('the 1.0 card survives the A2A library unchanged and its own verifier accepts the signature', async () => {
    const card = wire(cards.agentCard)
    const round = AgentCard.toJSON(AgentCard.fromJSON(card as never))
    assert.deepEqual(wire(round as object), card)
    const jwk = {
      kty: 'OKP',
      crv: 'Ed25519',
      x: Buffer.from(identity.publicKey).toString('base64url'),
      alg: 'EdDSA',
    }
    await verifyAgentCardSignature(async () => jwk)(AgentCard.fromJSON(card as never))
  })

  for (const [row, field] of [
    ['DIS-03', 'name'],
    ['DIS-04', 'description'],
  ] as const) {
    test(`[${row}] a card with a missing or empty ${field} is refused`, async () => {
      for (const card of [cards.agentCard, cards.sourceCard].map(wire)) {
        const { [field]: _, ...without } = card
        await assert.rejects(readCard(without, { clock }), { code: 'invalid_card' })
        await assert.rejects(readCard({ ...card, [field]: '' }, { clock }), {
          code: 'invalid_card',
        })
      }
    })
  }

  test('[DIS-05] the version is semantic: 2.4.1 is, two is not', async () => {
    for (const card of [cards.agentCard, cards.sourceCard].map(wire)) {
      assert.equal((await readCard(card, { clock })).version, '2.4.1')
      await assert.rejects(readCard({ ...card, version: 'two' }, { clock }), {
        code: 'invalid_card',
      })
    }
  })

  test('[DIS-09] another currency than USDC is refused', async () => {
    const pricing = { currency: 'EURC', perTask: 50, complex: 500 }
    const card = { ...wire(cards.sourceCard), pricing }
    await assert.rejects(readCard(card, { clock }), { code: 'unsupported_currency' })
  })

  test('[DIS-16] a card without a trust id gives an agent nobody vouches for', async () => {
    const { armaloTrustId: _, extensions: __, signatures: ___, ...card } = wire(cards.sourceCard)
    assert.equal((await readCard(card, { clock })).did, null)
  })

  test('[W-11] [DIS-15] a card that names a DID without its signature is refused: unsigned, changed, or signed by another', async () => {
    for (const card of [cards.agentCard, cards.sourceCard].map(wire)) {
      const { signatures: _, ...unsigned } = card
      const refused = { code: 'endpoint_unbound' }
      await assert.rejects(readCard(unsigned, { clock }), refused)
      await assert.rejects(readCard({ ...card, description: 'Other' }, { clock }), refused)
      await assert.rejects(readCard({ ...card, unknown: true }, { clock }), refused)
      const moved =
        'endpoint' in card
          ? { ...card, endpoint: 'https://thief.example/a2a' }
          : {
              ...card,
              supportedInterfaces: [
                {
                  url: 'https://thief.example/a2a',
                  protocolBinding: 'JSONRPC',
                  protocolVersion: '1.0',
                },
              ],
            }
      await assert.rejects(readCard(moved, { clock }), refused)
      await assert.rejects(readCard(wire(signCard(unsigned, stranger)), { clock }), refused)
    }
  })

  test('[W-11] a key that the signature itself points to is never used', async () => {
    const { signatures: _, ...unsigned } = wire(cards.agentCard)
    const header = { kid: `${identity.did}#x`, jku: 'https://thief.example/keys', typ: 'JOSE' }
    const thief = {
      ...stranger,
      did: identity.did,
      signJws: (options: Parameters<typeof stranger.signJws>[0]) =>
        stranger.signJws({ ...options, header }),
    }
    await assert.rejects(readCard(wire(signCard(unsigned, thief)), { clock }), {
      code: 'endpoint_unbound',
    })
  })

  test('[DRV-06] after a rotation the new key signs the card and the old one no longer does', async () => {
    const next = createIdentity({ secretKey: new Uint8Array(32).fill(9), did: identity.did })
    const entry = async (body: KeyEntryBody, signer: typeof identity) => ({
      body,
      signature: signer.sign({
        type: 'key-entry',
        body: encode(keyEntryBodySchema, body, 'invalid_key_log'),
      }),
      walletSignature: await account.signTypedData(keyEntryTypedData(body)),
    })
    const base = { did: identity.did, wallet: account.address, chainId }
    const first: KeyEntryBody = {
      ...base,
      seq: 0,
      key: identity.did,
      nextKeyHash: commitToKey(next.publicKey),
      at: now - 1000,
      previous: null,
    }
    const second: KeyEntryBody = {
      ...base,
      seq: 1,
      key: keyText(next.publicKey),
      nextKeyHash: commitToKey(stranger.publicKey),
      at: now - 500,
      previous: hashKeyEntry(first),
    }
    const keyLog = [await entry(first, identity), await entry(second, next)]
    const { wallet: _, ...trust } = facts.trust
    const rotated = { ...facts, trust: { ...trust, keyLog } }
    const agent = await readCard(wire(publish({ facts: rotated, identity: next }).agentCard), {
      clock,
    })
    assert.equal(agent.did, identity.did)
    await assert.rejects(
      readCard(wire(publish({ facts: rotated, identity }).agentCard), { clock }),
      {
        code: 'endpoint_unbound',
      },
    )
  })

  test('error: hostile answers have stable codes', async () => {
    const cases: [unknown, string][] = [
      ['{"name":', 'invalid_card'],
      ['[]', 'invalid_card'],
      ['"text"', 'invalid_card'],
      [`{"a":"${'x'.repeat(300_000)}"}`, 'body_too_large'],
    ]
    for (const [document, code] of cases) {
      const { fetch } = serve({ [paths[0]]: document })
      await assert.rejects(discover(url, { clock, fetch }), { code })
    }
    await assert.rejects(discover(url, { clock, fetch: serve({}).fetch }), {
      code: 'card_not_found',
    })
    const down = (async () => {
      throw new TypeError('fetch failed')
    }) as unknown as typeof globalThis.fetch
    await assert.rejects(discover(url, { clock, fetch: down }), {
      code: 'card_unreachable',
      retryable: true,
    })
  })

  test('error: a wallet statement of another agent is refused', async () => {
    const other = await bindWallet({
      identity: stranger,
      body: { ...wallet.body, did: stranger.did },
      signWallet: (typedData) => account.signTypedData(typedData),
    })
    const forged = publish({
      facts: { ...facts, trust: { ...facts.trust, wallet: other } },
      identity,
    })
    await assert.rejects(readCard(wire(forged.agentCard), { clock }), {
      code: 'invalid_wallet_binding',
    })
  })

  test('error: facts that a card cannot carry are refused at publishing', () => {
    for (const description of ['', 'naïve', 'two\nlines']) {
      assert.throws(() => publish({ facts: { ...facts, description }, identity }), {
        code: 'invalid_card',
      })
    }
  })
})
