/** A buyer with a stock A2A client, written from the documents alone. */

import { verify } from 'node:crypto'
import { Role } from '@a2a-js/sdk'
import { ClientFactory, JsonRpcTransportFactory } from '@a2a-js/sdk/client'
import { type Hex, type PublicClient, parseAbi, type WalletClient } from 'viem'
import {
  ask,
  bearer,
  canonical,
  escrowOf,
  fieldsOf,
  hashOf,
  isSigned,
  type Json,
  keyOf,
  type Stranger,
  sha256,
  signBody,
  TERMS,
} from './speak.ts'

const URI = 'urn:earnest:a2a:pact-escrow:v1'
const TRUST = 'urn:earnest:a2a:trust:v1'
const abi = parseAbi([
  TERMS,
  'function fund(Terms terms, bytes signature) returns (bytes32)',
  'function release(Terms terms, bytes authorization)',
])

/** Section 1 of the page: the card, its signature, the two extensions. */
export async function findOut(fetch: typeof globalThis.fetch, url: string) {
  const card = (await (await fetch(`${url}/.well-known/agent-card.json`)).json()) as Json
  const { extensions } = card.capabilities as { extensions: { uri: string; params: Json }[] }
  const paramsOf = (uri: string) => extensions.find((one) => one.uri === uri)?.params ?? {}
  const did = String(paramsOf(TRUST).did)
  const { signatures, ...body } = card as { signatures: { protected: string; signature: string }[] }
  const payload = Buffer.from(canonical(body)).toString('base64url')
  const isBound = signatures.some(({ protected: head, signature }) => {
    const { kid, alg } = JSON.parse(Buffer.from(head, 'base64url').toString())
    const input = Buffer.from(`${head}.${payload}`)
    return (
      alg === 'EdDSA' &&
      kid.split('#')[0] === did &&
      verify(null, input, keyOf(did), Buffer.from(signature, 'base64url'))
    )
  })
  if (!isBound) throw new Error('a card without the signature of its DID')
  return { card, did, trade: paramsOf(URI) as Json & { settlement: Json; arbiters: string[] } }
}

/** The whole trade: two rounds of negotiation, funding, work, files, release. */
export async function buy(options: {
  me: Stranger
  fetch: typeof globalThis.fetch
  sellerUrl: string
  oracle: { url: string; did: string }
  clock(): number
  chain: PublicClient
  wallet: WalletClient
}): Promise<{ files: Map<string, Uint8Array>; pact: Json; rounds: string[] }> {
  const { me, fetch, sellerUrl, clock, chain, wallet } = options
  const { card, did: seller, trade } = await findOut(fetch, sellerUrl)
  const info = (await (await fetch(`${options.oracle.url}/api/v1/oracle`)).json()) as Json
  const oracle = () => ({ ...options.oracle, now: clock() })

  // A stock client; what the page wants of it are headers.
  const endpoint = String((card.supportedInterfaces as Json[])[0]?.url)
  const fetchImpl = ((input: string | URL | Request, init?: RequestInit) => {
    const headers = new Headers(init?.headers)
    headers.set('a2a-extensions', URI)
    headers.set('authorization', `Bearer ${bearer(me, endpoint, clock())}`)
    return fetch(input, { ...init, headers })
  }) as typeof globalThis.fetch
  const factory = new ClientFactory({ transports: [new JsonRpcTransportFactory({ fetchImpl })] })
  const { AgentCard } = await import('@a2a-js/sdk')
  const client = await factory.createFromAgentCard(AgentCard.fromJSON(card as never))
  let taskId = ''
  let contextId = ''
  const say = async (data: Json): Promise<Json> => {
    const answer = await client.sendMessage({
      tenant: '',
      message: {
        messageId: crypto.randomUUID(),
        taskId,
        contextId,
        role: Role.ROLE_USER,
        parts: [
          {
            content: { $case: 'data', value: data },
            mediaType: 'application/json',
            filename: '',
            metadata: undefined,
          },
        ],
        metadata: { [URI]: data },
        extensions: [URI],
        referenceTaskIds: [],
      },
      configuration: undefined,
      metadata: undefined,
    })
    if (!('status' in answer)) throw new Error('no task')
    taskId = answer.id
    contextId = answer.contextId
    return (answer.status?.message?.metadata?.[URI] ?? {}) as Json
  }

  // Section 3: a proposal below the price, so that the seller counters.
  const utc = (time: number) => new Date(time * 1000).toISOString().replace('.000', '')
  const wallets = await sellerWallet(fetch, options.oracle.url, seller)
  const pact: Json = {
    version: '1',
    buyer: { did: me.did, wallet: me.wallet.address.toLowerCase() },
    seller: { did: seller, wallet: wallets },
    proposedBy: me.did,
    proposedTo: seller,
    capability: 'greeting',
    taskDescription: 'Say hello to the person that the input names, as JSON',
    input: { to: 'Ann' },
    deliverableFormat: ['application/json'],
    acceptance: [
      {
        id: 'greeting',
        description: 'There is a greeting',
        weight: 1,
        verifier: { type: 'path', file: 'deliverable.json', paths: ['/greeting'] },
      },
    ],
    paymentUsdc: '0.5',
    deadlineUtc: utc(clock() + 7200),
    timing: {
      profile: 'agent',
      fundBy: utc(clock() + 3600),
      windows: { review: 3600, response: 86_400, negotiation: 86_400, arbitration: 259_200 },
    },
    escrow: {
      chainId: info.chainId,
      contract: trade.settlement.escrow,
      token: trade.settlement.asset,
      arbiter: trade.arbiters[0],
      vault: '0x0000000000000000000000000000000000000000',
      fees: { ...(info.fees as Json), recipient: (info.feeRecipients as string[])[0] },
      fallback: { sellerBps: 5000 },
      ladder: info.ladder,
    },
    disclosure: { committee: false, judges: [] },
    proposedAt: utc(clock()),
    nonce: crypto.randomUUID(),
    salt: sha256(crypto.randomUUID()),
  }
  const signature = signBody(me, 'pact', pact)
  const first = await say({
    taskType: 'pact_negotiation',
    payload: { pact, pactHash: hashOf(pact), signature },
  })
  if (first.status !== 'counter_proposed') throw new Error(JSON.stringify(first))
  const agreed = first.amendedPact as Json
  const pactHash = hashOf(agreed)
  if (
    pactHash !== first.amendedPactHash ||
    !isSigned(seller, 'pact', agreed, first.sellerSignature)
  ) {
    throw new Error('a counter-proposal that does not hold together')
  }
  const buyerSignature = signBody(me, 'pact', agreed)
  const acceptance = {
    pactHash,
    acceptedBy: me.did,
    acceptedAt: utc(clock()),
    signature: buyerSignature,
    amendments: null,
  }
  const second = await say({ taskType: 'pact_acceptance', payload: acceptance })
  if (second.status !== 'accepted') throw new Error(JSON.stringify(second))

  // Section 4: registered, funded, begun.
  await ask(
    fetch,
    me,
    oracle(),
    'POST',
    '/api/v1/pacts',
    JSON.stringify({
      pactHash,
      buyerDid: me.did,
      sellerDid: seller,
      buyerSignature,
      sellerSignature: first.sellerSignature,
      terms: agreed,
    }),
  )
  const { escrowId, domain, terms, fundBy } = escrowOf(agreed)
  const payment = await me.wallet.signTypedData({
    domain: {
      name: String(info.tokenName),
      version: String(info.tokenVersion),
      chainId: Number(info.chainId),
      verifyingContract: trade.settlement.asset as Hex,
    },
    types: {
      ReceiveWithAuthorization: fieldsOf(
        'address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce',
      ),
    },
    primaryType: 'ReceiveWithAuthorization',
    message: {
      from: me.wallet.address,
      to: domain.verifyingContract,
      value: terms.amount,
      validAfter: 0n,
      validBefore: BigInt(fundBy),
      nonce: escrowId,
    },
  })
  const send = async (functionName: 'fund' | 'release', bytes: Hex) => {
    const address = domain.verifyingContract
    const args = [terms, bytes] as const
    const { chain: network = null } = wallet
    const hash = await wallet.writeContract({
      address,
      abi,
      functionName,
      args,
      account: me.wallet,
      chain: network,
    })
    const { status } = await chain.waitForTransactionReceipt({ hash })
    if (status !== 'success') throw new Error(`${functionName} reverted`)
  }
  await send('fund', payment)
  let done: Json = {}
  for (let look = 0; done.status !== 'completed'; look++) {
    if (look === 100) throw new Error(`never completed: ${JSON.stringify(done)}`)
    done = await say({ taskType: 'greeting', escrowId, pactId: pactHash })
    await new Promise((resolve) => setTimeout(resolve, 100))
  }

  // Section 5: the files come from the oracle, and every byte is checked.
  const manifest = done.deliverable as { name: string; sha256: string }[]
  if (hashOf(manifest) !== done.deliverableHash) throw new Error('another manifest')
  const { grants } = (await ask(
    fetch,
    me,
    oracle(),
    'POST',
    `/api/v1/escrows/${escrowId}/grants`,
  )) as {
    grants: { name: string; url: string }[]
  }
  const files = new Map<string, Uint8Array>()
  for (const { name, url } of grants) {
    const bytes = new Uint8Array(await (await fetch(url)).arrayBuffer())
    if (sha256(bytes) !== manifest.find((one) => one.name === name)?.sha256)
      throw new Error('other bytes')
    files.set(name, bytes)
  }
  await send('release', '0x')
  return {
    files,
    pact: agreed,
    rounds: [String(first.status), String(second.status), String(done.status)],
  }
}

/** The wallet that the agent and its wallet both name, from the registry. */
async function sellerWallet(
  fetch: typeof globalThis.fetch,
  url: string,
  did: string,
): Promise<string> {
  const { binding } = (await (await fetch(`${url}/api/v1/agents/${did}`)).json()) as {
    binding: { body: Json; signature: string }
  }
  if (!isSigned(did, 'wallet-binding', binding.body, binding.signature))
    throw new Error('an unproven wallet')
  return String(binding.body.wallet)
}
