/** A seller with nothing but fetch and crypto: no A2A library, no SDK, one function that answers HTTP. */
import { decodeFunctionResult, encodeFunctionData, type Hex, numberToHex, parseAbi } from 'viem'
import {
  ask,
  canonical,
  escrowOf,
  fieldsOf,
  hashOf,
  isSigned,
  type Json,
  jws,
  type Stranger,
  sha256,
  signBody,
} from './speak.ts'

const URI = 'urn:earnest:a2a:pact-escrow:v1'
const TRUST = 'urn:earnest:a2a:trust:v1'
const abi = parseAbi([
  'struct Escrow { uint8 state; uint40 timerEnd; uint40 fundedAt; uint24 seq; uint8 round; uint8 result; bool noticed; bool buyerDisputed; bool sellerDisputed; bool bonded; bool proposed; uint16 proposedBps; }',
  'function escrowOf(bytes32 id) view returns (Escrow)',
])

interface SellOptions {
  me: Stranger
  fetch: typeof globalThis.fetch
  url: string
  oracle: { url: string; did: string }
  rpcUrl: string
  clock(): number
  /** The work. */
  work(input: Json): Json
}

/** Registers the agent and gives the handler that is all of it. */
export async function sell(options: SellOptions): Promise<(request: Request) => Promise<Response>> {
  const { me, fetch, url, clock, rpcUrl } = options
  const endpoint = `${url}/a2a`
  const info = (await (await fetch(`${options.oracle.url}/api/v1/oracle`)).json()) as Json
  const oracle = () => ({ ...options.oracle, now: clock() })
  const utc = (time: number) => new Date(time * 1000).toISOString().replace(/\.\d+/, '')
  const binding = await bind()
  const card = signedCard()
  await ask(
    fetch,
    me,
    oracle(),
    'POST',
    '/api/v1/agents',
    JSON.stringify({
      did: me.did,
      name: 'Plain',
      description: 'Says hello, with nothing but HTTP',
      endpoint,
      capabilities: ['greeting'],
      inputFormats: ['application/json'],
      outputFormats: ['application/json'],
      binding,
    }),
  )
  const agreed = new Map<string, { pact: Json; payload: Json }>()
  const finished = new Map<string, Json>()

  return async (request) => {
    const { pathname } = new URL(request.url)
    if (pathname === '/.well-known/agent-card.json') return Response.json(card)
    if (pathname !== '/a2a') return new Response('', { status: 404 })
    const { id, method, params } = (await request.json()) as {
      id: unknown
      method: string
      params: Json
    }
    const message = params.message as
      | { metadata?: Json; taskId?: string; contextId?: string }
      | undefined
    if (method !== 'SendMessage') {
      return Response.json({
        jsonrpc: '2.0',
        id,
        error: { code: -32601, message: 'Only SendMessage' },
      })
    }
    const said = (message?.metadata?.[URI] ?? {}) as Json
    const data = await respond(said).catch((error) => ({
      status: 'declined',
      reasonCode: 'temporarily_unavailable',
      reason: String(error).slice(0, 200),
    }))
    const taskId = message?.taskId || crypto.randomUUID()
    const contextId = message?.contextId || crypto.randomUUID()
    const answer = {
      messageId: crypto.randomUUID(),
      taskId,
      contextId,
      role: 'ROLE_AGENT',
      parts: [{ data, mediaType: 'application/json' }],
      metadata: { [URI]: data },
      extensions: [URI],
    }
    const status = { state: 'TASK_STATE_INPUT_REQUIRED', message: answer, timestamp: utc(clock()) }
    return Response.json({
      jsonrpc: '2.0',
      id,
      result: { task: { id: taskId, contextId, status } },
    })
  }

  async function respond(said: Json): Promise<Json> {
    if (said.taskType === 'pact_negotiation') {
      const payload = said.payload as { pact: Json; pactHash: string; signature: string }
      const { pact } = payload
      const { buyer, seller } = pact as { buyer: Json; seller: Json }
      const isOurs = seller.did === me.did && seller.wallet === me.wallet.address.toLowerCase()
      const isTrue =
        hashOf(pact) === payload.pactHash &&
        isSigned(String(buyer.did), 'pact', pact, payload.signature)
      if (!isOurs || !isTrue)
        return { status: 'declined', reasonCode: 'invalid_message', reason: 'Not for us' }
      agreed.set(payload.pactHash, { pact, payload })
      return {
        status: 'accepted',
        pactHash: payload.pactHash,
        sellerSignature: signBody(me, 'pact', pact),
      }
    }
    if (said.taskType !== 'greeting')
      return { status: 'declined', reasonCode: 'unknown_task_type', reason: 'No' }
    const known = agreed.get(String(said.pactId))
    if (known === undefined)
      return { status: 'declined', reasonCode: 'unknown_pact', reason: 'Not signed' }
    const { escrowId, domain } = escrowOf(known.pact)
    if (escrowId !== said.escrowId)
      return { status: 'declined', reasonCode: 'condition_mismatch', reason: 'Other' }
    const before = finished.get(escrowId)
    if (before !== undefined) return before
    // The chain, two blocks back, and no message, says that it is funded.
    const { state, seq, round } = await read(domain.verifyingContract, escrowId)
    if (state !== 1) {
      return {
        status: 'declined',
        reasonCode: 'escrow_not_locked',
        reason: 'Invalid escrow state: none. Funds must be locked before work begins.',
      }
    }
    const done = await deliver(known.pact, String(said.pactId), escrowId, { seq, round })
    finished.set(escrowId, done)
    return done
  }

  async function deliver(
    pact: Json,
    pactId: string,
    escrowId: Hex,
    at: { seq: number; round: number },
  ): Promise<Json> {
    const bytes = new TextEncoder().encode(JSON.stringify(options.work(pact.input as Json)))
    const name = 'deliverable.json'
    const path = `/api/v1/escrows/${escrowId}/artifacts/${name}`
    await ask(fetch, me, oracle(), 'PUT', path, bytes)
    const manifest = [{ name, mime: 'application/json', size: bytes.length, sha256: sha256(bytes) }]
    const deliverableHash = hashOf(manifest)
    const completionTimeUtc = utc(clock())
    const body = {
      escrowId,
      pactId,
      round: at.round + 1,
      seller: me.did,
      audience: options.oracle.did,
      deliverableHash,
      manifest,
      completionTimeUtc,
      executionMetrics: { latencyMs: 1 },
      nonce: crypto.randomUUID(),
    }
    const validBefore = BigInt(clock() + 3600)
    const consent = await me.wallet.signTypedData({
      domain: escrowOf(pact).domain,
      types: {
        Deliver: fieldsOf(
          'bytes32 escrowId,address actor,bytes32 artifactHash,bool reserve,uint256 seq,uint256 validBefore',
        ),
      },
      primaryType: 'Deliver',
      message: {
        escrowId,
        actor: me.wallet.address,
        artifactHash: `0x${deliverableHash}`,
        reserve: false,
        seq: BigInt(at.seq),
        validBefore,
      },
    })
    const authorization = numberToHex(validBefore, { size: 6 }) + consent.slice(2)
    await ask(
      fetch,
      me,
      oracle(),
      'POST',
      '/api/v1/completions',
      JSON.stringify({
        ...body,
        sellerSignature: signBody(me, 'completion', body),
        sellerAuthorization: { authorization, reserve: false },
      }),
    )
    return {
      status: 'completed',
      pactId,
      escrowId,
      deliverableHash,
      deliverable: manifest,
      completionTimeUtc,
    }
  }

  async function read(
    to: Hex,
    escrowId: Hex,
  ): Promise<{ state: number; seq: number; round: number }> {
    const data = encodeFunctionData({ abi, functionName: 'escrowOf', args: [escrowId] })
    const block = numberToHex(BigInt(String(await call('eth_blockNumber', []))) - 2n)
    const result = (await call('eth_call', [{ to, data }, block])) as Hex
    return decodeFunctionResult({ abi, functionName: 'escrowOf', data: result })
  }

  async function call(method: string, params: unknown[]): Promise<unknown> {
    const response = await globalThis.fetch(rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    return ((await response.json()) as { result: unknown }).result
  }

  async function bind(): Promise<Json> {
    const wallet = me.wallet.address.toLowerCase()
    const issuedAt = clock()
    const body = {
      did: me.did,
      wallet,
      chainId: info.chainId,
      issuedAt: utc(issuedAt),
      nonce: crypto.randomUUID(),
    }
    const walletSignature = await me.wallet.signTypedData({
      domain: { name: 'Earnest Identity', version: '1' },
      types: {
        WalletBinding: fieldsOf(
          'string did,address wallet,uint256 chainId,uint256 issuedAt,string nonce',
        ),
      },
      primaryType: 'WalletBinding',
      message: { ...body, chainId: BigInt(Number(info.chainId)), issuedAt: BigInt(issuedAt) },
    })
    return { body, signature: signBody(me, 'wallet-binding', body), walletSignature }
  }

  function signedCard(): Json {
    const body = {
      name: 'Plain',
      description: 'Says hello, with nothing but HTTP',
      version: '1.0.0',
      supportedInterfaces: [{ url: endpoint, protocolBinding: 'JSONRPC', protocolVersion: '1.0' }],
      capabilities: {
        extensions: [
          {
            uri: URI,
            required: true,
            params: {
              pactVersions: ['1'],
              settlement: {
                network: `eip155:${info.chainId}`,
                asset: info.token,
                escrow: info.escrow,
                payTo: me.wallet.address.toLowerCase(),
                transferMethod: 'eip3009',
              },
              pricing: { currency: 'USDC', perTask: '1', complex: '5' },
              sla: { maxResponseTimeMs: 300_000, uptime99Days: 30 },
              inputFormats: ['application/json'],
              outputFormats: ['application/json'],
              timing: { profiles: ['agent'] },
              arbiters: info.arbiters,
            },
          },
          { uri: TRUST, params: { did: me.did, wallet: binding } },
        ],
      },
      defaultInputModes: ['application/json'],
      defaultOutputModes: ['application/json'],
      skills: [{ id: 'greeting', name: 'Greeting', description: 'Says hello', tags: ['greeting'] }],
    }
    const key = me.did.slice('did:key:'.length)
    const { protected: head, signature } = jws(
      me,
      { kid: `${me.did}#${key}`, typ: 'JOSE' },
      canonical(body),
    )
    return { ...body, signatures: [{ protected: head, signature }] }
  }
}
