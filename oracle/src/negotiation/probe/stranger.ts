import {
  createIdentity,
  encode,
  hashPact,
  PACT_EXTENSION,
  type Pact,
  proposalMessageSchema,
  signPact,
} from '@earnest/sdk/protocol'
import { bytesToHex, getAddress } from 'viem'

/** Chance, as bytes; injected, so that a test can repeat it. */
export type Random = (length: number) => Uint8Array

/** Whoever asks has never been seen and is never seen again. */
export function strangerOf(random: Random) {
  const identity = createIdentity({ secretKey: random(32) })
  return { identity, wallet: getAddress(bytesToHex(random(20))) }
}
export type Stranger = ReturnType<typeof strangerOf>

/**
 * What a stranger would propose for this work: terms of a trade that was made here, from another buyer, for
 * somewhat less than the list price, so that a counter-offer is the usual answer and nothing is promised.
 */
export function bidOf(
  like: Pact,
  {
    stranger,
    seller,
    listPrice,
    random,
    now,
  }: { stranger: Stranger; seller: Pact['seller']; listPrice: bigint; random: Random; now: number },
): Pact {
  // Between six and nine tenths.
  const percent = 60n + BigInt((random(1)[0] as number) % 31)
  const paymentUsdc = roundDown((listPrice * percent) / 100n)
  const buyer = { did: stranger.identity.did as Pact['buyer']['did'], wallet: stranger.wallet }
  const work = like.deadlineUtc - like.proposedAt
  // What belongs to the other trade alone stays there: a metric without its deposit would tell the bid.
  const { milestones: _, accuracyMethod: __, accuracyRequirement: ___, ...terms } = like
  return {
    ...terms,
    acceptance: like.acceptance.filter(({ verifier }) => verifier.type !== 'metric'),
    buyer,
    seller,
    proposedBy: buyer.did,
    proposedTo: seller.did,
    paymentUsdc,
    deadlineUtc: now + work,
    timing: { ...like.timing, fundBy: now + Math.min(3600, Math.floor(work / 2)) },
    proposedAt: now,
    nonce: uuidOf(random(16)),
    salt: bytesToHex(random(32)).slice(2),
  }
}

/** Whole cents, as people and models bid. */
function roundDown(amount: bigint): bigint {
  return amount > 10_000n ? amount - (amount % 10_000n) : 10_000n
}

function uuidOf(bytes: Uint8Array): string {
  const hex = bytesToHex(bytes).slice(2)
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`]
  return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}

/** The bid as the SDK's buyer sends it over A2A 1.0: a call of JSON-RPC with its headers. */
export function messageOf(
  pact: Pact,
  {
    stranger,
    endpoint,
    random,
    now,
  }: { stranger: Stranger; endpoint: string; random: Random; now: number },
) {
  const { identity } = stranger
  const payload = { pact, pactHash: hashPact(pact), signature: signPact({ pact, identity }) }
  const data = encode(
    proposalMessageSchema,
    { taskType: 'pact_negotiation', payload },
    'invalid_pact',
  )
  const message = {
    messageId: uuidOf(random(16)),
    role: 'ROLE_USER',
    parts: [{ data, mediaType: 'application/json' }],
    metadata: { [PACT_EXTENSION]: data },
    extensions: [PACT_EXTENSION],
  }
  return callOf('SendMessage', { message, configuration: { historyLength: 0 } }, 1, {
    ...{ identity, endpoint, random, now },
  })
}

/** Asks for a task again. */
export function lookOf(
  taskId: string,
  { stranger, ...rest }: { stranger: Stranger; endpoint: string; random: Random; now: number },
) {
  const { identity } = stranger
  return callOf('GetTask', { id: taskId, historyLength: 0 }, 2, { identity, ...rest })
}

function callOf(
  method: string,
  params: object,
  id: number,
  {
    identity,
    endpoint,
    random,
    now,
  }: {
    identity: Stranger['identity']
    endpoint: string
    random: Random
    now: number
  },
) {
  const jti = uuidOf(random(16))
  const claims = { aud: endpoint, exp: now + 120, iat: now, iss: identity.did, jti }
  const text = new TextEncoder().encode(JSON.stringify(claims))
  const header = { typ: 'JWT', kid: identity.did }
  const { protected: head, signature } = identity.signJws({ header, payload: text })
  const token = `${head}.${Buffer.from(text).toString('base64url')}.${signature}`
  return {
    method: 'POST',
    url: endpoint,
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      'a2a-version': '1.0',
      'a2a-extensions': PACT_EXTENSION,
      authorization: `Bearer ${token}`,
      'user-agent': 'node',
    },
    body: new TextEncoder().encode(JSON.stringify({ jsonrpc: '2.0', method, params, id })),
  }
}
