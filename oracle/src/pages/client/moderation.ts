import {
  type Decision,
  decisionSchema,
  decisionTypedData,
  EarnestError,
  encode,
  errorOfProblem,
  problemSchema,
  sessionTypedData,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { now } from './now.ts'
import { fieldOf, onSubmit, say } from './say.ts'
import { connect } from './wallet.ts'

const data = document.body.dataset

/** The moderator's desk: signing in, and signing a decision. */
export function moderation(): void {
  onSubmit('sign-in', signIn)
  onSubmit('decide', decide)
  onSubmit('sign-out', async () => {
    await post('/moderation/sign-out', {})
    location.assign('/moderation')
  })
}

async function signIn(): Promise<void> {
  const chainId = Number(data.chain)
  const wallet = await connect({ chainId })
  const { address: moderator } = wallet
  const statement = { moderator, issuedAt: now(), nonce: crypto.randomUUID() }
  const oracle = data.oracle ?? ''
  say('Your wallet asks you to sign in.')
  const signature = await wallet.sign(sessionTypedData({ ...statement, chainId, oracle }))
  await post('/moderation/session', { ...statement, signature })
  location.reload()
}

async function decide(form: HTMLFormElement): Promise<void> {
  const { escrow, pact, round, package: packageHash, chain, seat } = data
  const decision: Decision = {
    version: '1',
    escrowId: escrow as Hex,
    pactId: pact ?? '',
    round: Number(round),
    sellerBps: Math.round(Number(fieldOf(form, 'percent')) * 100),
    reason: fieldOf(form, 'reason'),
    packageHash: packageHash ?? '',
  }
  const wire = encode(decisionSchema, decision, 'reason_missing')
  const chainId = Number(chain)
  const wallet = await connect({ chainId })
  say('Your wallet asks you to sign the decision.')
  const signature = await wallet.sign(decisionTypedData({ chainId, decision }))
  const { signed, needed, call } = (await post('/moderation/decisions', {
    decision: wire,
    signature,
  })) as { signed: number; needed: number; call: { to: Hex; data: Hex } | null }
  if (!call) {
    say(`Signed by ${signed} of ${needed}. Another moderator has to sign the same decision.`)
    return
  }
  if (wallet.address.toLowerCase() !== seat?.toLowerCase()) {
    say('Signed by enough. The wallet with the moderator’s seat carries it out from this page.')
    return
  }
  say('Your wallet sends the decision to the arbiter.')
  await wallet.send(call)
  say('The decision is on its way: the arbiter carries it out.')
}

async function post(path: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json', 'earnest-form': data.form ?? '' }
  const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }).catch(
    (cause: unknown) => {
      throw new EarnestError('oracle_unreachable', 'No answer', { cause })
    },
  )
  const told: unknown = await answer.json()
  if (answer.ok) return told
  const problem = problemSchema.safeParse(told)
  throw problem.success
    ? errorOfProblem(problem.data)
    : new EarnestError('internal', `No problem in an answer ${answer.status}`)
}
