import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { discover } from '../../../sdk/src/discovery/discover.ts'
import { publish } from '../../../sdk/src/discovery/publish.ts'
import { signCard } from '../../../sdk/src/discovery/signCard.ts'
import { createManualClock } from '../../../sdk/src/protocol/clock.ts'
import { isEarnestError } from '../../../sdk/src/protocol/error.ts'
import { PACT_EXTENSION, TRUST_EXTENSION } from '../../../sdk/src/protocol/message.ts'
import { bindWallet } from '../../../sdk/src/protocol/wallet.ts'
import { NOW, party, venue } from '../a2a/quietSeller.ts'
import type { Wire } from '../a2a/subject.ts'
import type { Attack, Case } from './case.ts'

const owner = party(34)
const thief = party(99)
const clock = createManualClock(NOW)
const PATH = '/.well-known/agent-card.json'

const bindingOf = ({ identity, wallet }: typeof owner) =>
  bindWallet({
    identity,
    body: {
      did: identity.did,
      wallet: wallet.address,
      chainId: venue.chainId,
      issuedAt: NOW,
      nonce: '11111111-1111-4111-8111-111111111111',
    },
    signWallet: (typedData) => wallet.signTypedData(typedData),
  })
const binding = await bindingOf(owner)
const foreignBinding = await bindingOf(thief)

/** The agent's true cards. */
function cardsOf({ wallet = binding } = {}) {
  return publish({
    facts: {
      name: 'Greeter',
      description: 'Says hello for money',
      version: '1.0.0',
      endpoint: 'https://agent.test/a2a',
      skills: [{ id: 'greeting', name: 'Greeting', description: 'Says hello' }],
      trade: {
        pactVersions: ['1'],
        settlement: {
          network: venue.chainId,
          asset: venue.token,
          escrow: venue.contract,
          payTo: owner.wallet.address,
          transferMethod: 'eip3009',
        },
        pricing: { currency: 'USDC', perTask: 5_000_000n, complex: 50_000_000n },
        sla: { maxResponseTimeMs: 300_000, uptime99Days: 30 },
        inputFormats: ['application/json'],
        outputFormats: ['application/json'],
        timing: { profiles: ['agent'] },
        arbiters: [venue.arbiter],
      },
      trust: { wallet },
    },
    identity: owner.identity,
  }) as { agentCard: Wire; sourceCard: Wire }
}

const without = (card: Wire, ...names: string[]) =>
  Object.fromEntries(Object.entries(card).filter(([name]) => !names.includes(name)))
/** Signed again by its owner after the change: the change is the owner's own. */
const resigned = (card: Wire, changes: Wire) =>
  signCard({ ...without(card, 'signatures'), ...changes }, owner.identity)
const extensionsOf = (card: Wire) =>
  (card.capabilities as { extensions: { uri: string; params: Wire }[] }).extensions
const withParams = (card: Wire, uri: string, changes: Wire) => ({
  capabilities: {
    ...(card.capabilities as Wire),
    extensions: extensionsOf(card).map((one) =>
      one.uri === uri ? { ...one, params: { ...one.params, ...changes } } : one,
    ),
  },
})

/** What `discover` makes of an answer: `taken`, or its code. */
async function outcome(
  fetch: typeof globalThis.fetch,
  url = 'https://agent.test',
): Promise<string> {
  try {
    const { did } = await discover(url, { clock, fetch, timeoutMs: 200 })
    return did === null ? 'taken without an identity' : 'taken'
  } catch (error) {
    if (!isEarnestError(error)) throw error
    return error.code
  }
}
const answering = (answer: () => Response | Promise<Response>) => () =>
  outcome((async () => await answer()) as typeof fetch)
const serving = (make: (card: Wire) => unknown) =>
  answering(() => Response.json(make(cardsOf().agentCard)))

/** A real server, for what a fetch of the platform has to stop by itself. */
const overHttp =
  (handle: (request: IncomingMessage, response: ServerResponse) => void) => async () => {
    const server = createServer(handle)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    try {
      return await outcome(globalThis.fetch, `http://127.0.0.1:${port}`)
    } finally {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }

type Row = [attack: Attack, what: string, answer: string, act: () => Promise<string>]

const rows: Row[] = [
  [
    'down',
    'nobody answers',
    'card_unreachable',
    () => outcome(() => Promise.reject(new TypeError('fetch failed'))),
  ],
  [
    'down',
    'the server fails',
    'card_unreachable',
    answering(() => new Response('', { status: 503 })),
  ],
  [
    'down',
    'there is no card',
    'card_not_found',
    answering(() => new Response('', { status: 404 })),
  ],
  ['slow', 'the answer never comes', 'card_unreachable', overHttp(() => {})],
  [
    'slow',
    'the card comes drop by drop',
    'card_unreachable',
    overHttp((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(timer))
    }),
  ],
  [
    'down',
    'the connection breaks off in the middle',
    'card_unreachable',
    overHttp((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"name":')
      setTimeout(() => response.destroy(), 20)
    }),
  ],
  [
    'lying',
    'the address redirects to another agent’s card',
    'card_unreachable',
    overHttp((request, response) => {
      if (request.url === PATH) return response.writeHead(302, { location: '/other' }).end()
      response.end(JSON.stringify(cardsOf().agentCard))
    }),
  ],
  [
    'oversized',
    'a card of more than 256 KiB',
    'body_too_large',
    answering(() => new Response(' '.repeat(256 * 1024 + 1))),
  ],
  ['malformed', 'not JSON', 'invalid_card', answering(() => new Response('<html>'))],
  [
    'malformed',
    'not UTF-8',
    'invalid_card',
    answering(() => new Response(Uint8Array.of(0x22, 0xff, 0x22))),
  ],
  ['malformed', 'a list', 'invalid_card', answering(() => Response.json([]))],
  ['malformed', 'no name', 'invalid_card', serving((card) => without(card, 'name'))],
  ['malformed', 'no skill', 'invalid_card', serving((card) => ({ ...card, skills: [] }))],
  [
    'malformed',
    'no interface that we speak',
    'invalid_card',
    serving((card) =>
      resigned(card, {
        supportedInterfaces: [
          { url: 'https://agent.test', protocolBinding: 'GRPC', protocolVersion: '1.0' },
        ],
      }),
    ),
  ],
  [
    'malformed',
    'an endpoint that is no web address',
    'invalid_card',
    serving((card) =>
      resigned(card, {
        supportedInterfaces: [
          { url: 'file:///etc/passwd', protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
        ],
      }),
    ),
  ],
  [
    'wrong key',
    'no signature under a named identity',
    'endpoint_unbound',
    serving((card) => without(card, 'signatures')),
  ],
  [
    'wrong key',
    'signed by another agent under its own name',
    'endpoint_unbound',
    serving((card) => signCard(without(card, 'signatures'), thief.identity)),
  ],
  [
    'wrong key',
    'signed by another key under the right name',
    'endpoint_unbound',
    serving((card) =>
      signCard(without(card, 'signatures'), { ...thief.identity, did: owner.identity.did }),
    ),
  ],
  [
    'wrong key',
    'a signature that brings its own key (jku, jwk)',
    'endpoint_unbound',
    serving((card) => {
      const header = {
        kid: `${owner.identity.did}#key`,
        typ: 'JOSE',
        jku: 'https://thief.test/keys',
        jwk: { kty: 'OKP' },
      }
      const payload = new TextEncoder().encode(JSON.stringify(without(card, 'signatures')))
      return { ...card, signatures: [thief.identity.signJws({ header, payload })] }
    }),
  ],
  [
    'lying',
    'another endpoint than was signed',
    'endpoint_unbound',
    serving((card) => ({
      ...card,
      supportedInterfaces: [
        { url: 'https://thief.test/a2a', protocolBinding: 'JSONRPC', protocolVersion: '1.0' },
      ],
    })),
  ],
  [
    'lying',
    'another wallet to pay than was signed',
    'endpoint_unbound',
    serving((card) => ({
      ...card,
      ...withParams(card, PACT_EXTENSION, {
        settlement: {
          ...(extensionsOf(card)[0]?.params.settlement as Wire),
          payTo: thief.wallet.address.toLowerCase(),
        },
      }),
    })),
  ],
  [
    'unknown field',
    'a member that nobody signed',
    'endpoint_unbound',
    serving((card) => ({ ...card, added: 1 })),
  ],
  [
    'unknown field',
    'a member that nobody knows, signed',
    'taken',
    serving((card) => resigned(card, { added: 1 })),
  ],
  [
    'wrong key',
    'the wallet of another agent',
    'invalid_wallet_binding',
    answering(() => Response.json(cardsOf({ wallet: foreignBinding }).agentCard)),
  ],
  [
    'wrong key',
    'a wallet that did not sign',
    'invalid_wallet_binding',
    answering(() =>
      Response.json(
        cardsOf({ wallet: { ...binding, walletSignature: foreignBinding.walletSignature } })
          .agentCard,
      ),
    ),
  ],
  [
    'wrong key',
    'a key log that is none',
    'invalid_card',
    serving((card) => resigned(card, withParams(card, TRUST_EXTENSION, { keyLog: '[' }))),
  ],
  [
    'malformed',
    'an identity that is none',
    'invalid_card',
    serving((card) =>
      resigned(card, withParams(card, TRUST_EXTENSION, { did: 'did:web:agent.test' })),
    ),
  ],
  [
    'lying',
    'an identity in name only, on no registered agent',
    'taken without an identity',
    serving((card) => without({ ...card, capabilities: { streaming: true } }, 'signatures')),
  ],
  [
    'malformed',
    'prices in another currency',
    'invalid_card',
    serving((card) =>
      resigned(
        card,
        withParams(card, PACT_EXTENSION, {
          pricing: { currency: 'EUR', perTask: '1', complex: '1' },
        }),
      ),
    ),
  ],
  [
    'malformed',
    'prices in another currency, on the source document’s card',
    'unsupported_currency',
    answering(() => {
      const { sourceCard } = cardsOf()
      return Response.json(
        resigned(sourceCard, { pricing: { currency: 'EUR', perTask: 1, complex: 1 } }),
      )
    }),
  ],
  [
    'lying',
    'two identities on the source document’s card',
    'invalid_card',
    answering(() =>
      Response.json(resigned(cardsOf().sourceCard, { armaloTrustId: thief.identity.did })),
    ),
  ],
]

/** Every way in which an agent's card is not what it should be, as `discover` meets it. */
export const cardCases: readonly Case<void>[] = rows.map(([attack, what, answer, act]) => ({
  on: 'card',
  attack,
  what,
  answer,
  act,
}))
