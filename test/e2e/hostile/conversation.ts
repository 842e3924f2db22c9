import { encode } from '../../../sdk/src/protocol/decode.ts'
import { hashBytes } from '../../../sdk/src/protocol/hash.ts'
import {
  PACT_EXTENSION,
  rejectionMessageSchema,
  signRejection,
} from '../../../sdk/src/protocol/message.ts'
import { decodePact, hashPact, type PactWire } from '../../../sdk/src/protocol/pact.ts'
import { formatUtc } from '../../../sdk/src/protocol/time.ts'
import { type Party, type Quiet, venue } from '../a2a/quietSeller.ts'
import { messageOf, rpc, type Wire } from '../a2a/subject.ts'

/** A pact that the quiet seller accepts, with changes that it may not. */
export function pactOf({ buyer, owner, clock }: Quiet, changes: Wire = {}): PactWire {
  const now = clock.now()
  return {
    version: '1',
    buyer: { did: buyer.identity.did, wallet: buyer.wallet.address.toLowerCase() },
    seller: { did: owner.identity.did, wallet: owner.wallet.address.toLowerCase() },
    proposedBy: buyer.identity.did,
    proposedTo: owner.identity.did,
    capability: 'greeting',
    taskDescription: 'Say hello to the person that the input names',
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
    paymentUsdc: '10',
    deadlineUtc: formatUtc(now + 7200),
    timing: {
      profile: 'agent',
      fundBy: formatUtc(now + 3600),
      windows: { review: 3600, response: 86_400, negotiation: 86_400, arbitration: 259_200 },
    },
    escrow: {
      chainId: venue.chainId,
      contract: venue.contract,
      token: venue.token,
      arbiter: venue.arbiter,
      vault: '0x0000000000000000000000000000000000000000',
      fees: { protocolBps: 50, arbitrationBps: 100, recipient: venue.feeRecipient },
      fallback: { sellerBps: 5000 },
      ladder: '0'.repeat(64),
    },
    disclosure: { committee: false, judges: [] },
    proposedAt: formatUtc(now),
    nonce: crypto.randomUUID(),
    salt: hashBytes(crypto.getRandomValues(new Uint8Array(32))),
    ...changes,
  } as PactWire
}

/** A party's signature of whatever type over whatever body, as a liar makes it. */
export function signAs(
  by: Party,
  type: Parameters<Party['identity']['sign']>[0]['type'],
  body: unknown,
): string {
  return by.identity.sign({ type, body: body as never })
}

/** A proposal of a pact; hash and signature belong to it unless the liar says otherwise. */
export function proposalOf(quiet: Quiet, pact: Wire | PactWire, changes: Wire = {}): Wire {
  const pactHash = safely(() => hashPact(decodePact(pact)), '0'.repeat(64))
  return {
    taskType: 'pact_negotiation',
    payload: {
      pact,
      pactHash,
      signature: safely(() => signAs(quiet.buyer, 'pact', pact), 'ab'.repeat(64)),
      ...changes,
    },
  }
}

export function acceptanceOf(quiet: Quiet, pact: PactWire, changes: Wire = {}): Wire {
  return {
    taskType: 'pact_acceptance',
    payload: {
      pactHash: hashPact(decodePact(pact)),
      acceptedBy: quiet.buyer.identity.did,
      acceptedAt: formatUtc(quiet.clock.now()),
      signature: signAs(quiet.buyer, 'pact', pact),
      amendments: null,
      ...changes,
    },
  }
}

export function rejectionOf(
  quiet: Quiet,
  pactHash: string,
  changes: Wire = {},
  by = quiet.buyer,
): Wire {
  const body = {
    pactHash,
    rejectedBy: by.identity.did,
    rejectedAt: quiet.clock.now(),
    reasonCode: 'price_too_high',
    rejectionReason: 'Too dear',
    ...changes,
  }
  const payload = { ...body, signature: signRejection({ body, identity: by.identity }) }
  return encode(rejectionMessageSchema, { taskType: 'pact_rejection', payload }, 'invalid') as Wire
}

function safely<T>(work: () => T, otherwise: T): T {
  try {
    return work()
  } catch {
    return otherwise
  }
}

/** What came back: the status with its reason, `talk` for words alone, or the JSON-RPC code. */
export interface Heard {
  word: string
  taskId: string
  data: Wire
}

/** Says one thing of the extension; `message` changes the A2A message around it. */
export async function say(
  quiet: Quiet,
  data: unknown,
  {
    taskId,
    message = {},
    headers = {},
  }: { taskId?: string; message?: Wire; headers?: Record<string, string> } = {},
): Promise<Heard> {
  const whole = messageOf('m', {
    parts: [{ data }],
    metadata: { [PACT_EXTENSION]: data },
    extensions: [PACT_EXTENSION],
    ...(taskId !== undefined && { taskId }),
    ...message,
  })
  const { result, error } = await rpc(quiet.subject, 'SendMessage', { message: whole }, headers)
  if (error !== undefined) return { word: String(error.code), taskId: '', data: {} }
  const { task } = result as { task: { id: string; status: { message: { metadata?: Wire } } } }
  const answer = task.status.message.metadata?.[PACT_EXTENSION] as Wire | undefined
  const { status, reasonCode } = answer ?? { status: 'talk' }
  const refused = status === 'rejected' || status === 'declined'
  return {
    word: refused ? `${status} ${reasonCode}` : String(status),
    taskId: task.id,
    data: answer ?? {},
  }
}

/** A counter-proposal of the seller that waits for an answer. */
export async function countered(quiet: Quiet): Promise<{ amended: PactWire; taskId: string }> {
  const { word, data, taskId } = await say(
    quiet,
    proposalOf(quiet, pactOf(quiet, { paymentUsdc: '1' })),
  )
  if (word !== 'counter_proposed') throw new Error(word)
  return { amended: data.amendedPact as PactWire, taskId }
}

/** A pact that both have signed. */
export async function agreed(
  quiet: Quiet,
  changes: Wire = {},
): Promise<{ pact: PactWire; taskId: string }> {
  const pact = pactOf(quiet, changes)
  const { word, taskId } = await say(quiet, proposalOf(quiet, pact))
  if (word !== 'accepted') throw new Error(word)
  return { pact, taskId }
}
