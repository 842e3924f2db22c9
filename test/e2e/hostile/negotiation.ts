import { PACT_EXTENSION } from '../../../sdk/src/protocol/message.ts'
import { decodePact, hashPact, type PactWire } from '../../../sdk/src/protocol/pact.ts'
import { formatUtc } from '../../../sdk/src/protocol/time.ts'
import { party, type Quiet } from '../a2a/quietSeller.ts'
import type { Wire } from '../a2a/subject.ts'
import type { Attack, Case } from './case.ts'
import {
  acceptanceOf,
  countered,
  pactOf,
  proposalOf,
  rejectionOf,
  say,
  signAs,
} from './conversation.ts'

type Row = [attack: Attack, what: string, answer: string, act: (quiet: Quiet) => Promise<string>]

const word = async (saying: ReturnType<typeof say>) => (await saying).word
const hashOf = (pact: PactWire) => hashPact(decodePact(pact))
const at = (quiet: Quiet, seconds: number) => formatUtc(quiet.clock.now() + seconds)
const stranger = party(99)

const acceptances: Row[] = [
  [
    'malformed',
    'amendments to what is accepted',
    'declined invalid_message',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      return word(
        say(quiet, acceptanceOf(quiet, amended, { amendments: { paymentUsdc: '1' } }), { taskId }),
      )
    },
  ],
  [
    'unknown field',
    'a member that nobody knows',
    'declined invalid_message',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      return word(say(quiet, acceptanceOf(quiet, amended, { note: 'a' }), { taskId }))
    },
  ],
  [
    'wrong key',
    'signed by another agent',
    'rejected invalid_buyer_signature',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      const signature = signAs(stranger, 'pact', amended)
      return word(say(quiet, acceptanceOf(quiet, amended, { signature }), { taskId }))
    },
  ],
  [
    'wrong key',
    'accepted in the name of another',
    'rejected proposer_mismatch',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      return word(
        say(quiet, acceptanceOf(quiet, amended, { acceptedBy: stranger.identity.did }), { taskId }),
      )
    },
  ],
  [
    'lying',
    'the buyer’s own terms, which the seller did not sign',
    'rejected unknown_pact',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      return word(say(quiet, acceptanceOf(quiet, { ...amended, paymentUsdc: '1' }), { taskId }))
    },
  ],
  [
    'lying',
    'the hash of the one, the signature of the other',
    'rejected invalid_buyer_signature',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      const signature = signAs(quiet.buyer, 'pact', { ...amended, paymentUsdc: '1' })
      return word(say(quiet, acceptanceOf(quiet, amended, { signature }), { taskId }))
    },
  ],
  [
    'reordered',
    'accepted before anything was proposed',
    'rejected unknown_pact',
    (quiet) => word(say(quiet, acceptanceOf(quiet, pactOf(quiet)))),
  ],
  [
    'reordered',
    'accepted in another task',
    'rejected unknown_pact',
    async (quiet) => {
      const { amended } = await countered(quiet)
      return word(say(quiet, acceptanceOf(quiet, amended)))
    },
  ],
  [
    'reordered',
    'accepted after it was rejected',
    'rejected unknown_pact',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      await say(quiet, rejectionOf(quiet, hashOf(amended)), { taskId })
      return word(say(quiet, acceptanceOf(quiet, amended), { taskId }))
    },
  ],
  [
    'replayed',
    'accepted twice',
    'accepted',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      await say(quiet, acceptanceOf(quiet, amended), { taskId })
      return word(say(quiet, acceptanceOf(quiet, amended), { taskId }))
    },
  ],
  [
    'stale',
    'said 301 s ago',
    'rejected clock_skew',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      return word(
        say(quiet, acceptanceOf(quiet, amended, { acceptedAt: at(quiet, -301) }), { taskId }),
      )
    },
  ],
  [
    'clock skew',
    'said 301 s ahead',
    'rejected clock_skew',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      return word(
        say(quiet, acceptanceOf(quiet, amended, { acceptedAt: at(quiet, 301) }), { taskId }),
      )
    },
  ],
  [
    'stale',
    'accepted when it can no longer be funded',
    'rejected fund_by_passed',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      quiet.clock.set(quiet.clock.now() + 3600)
      return word(say(quiet, acceptanceOf(quiet, amended), { taskId }))
    },
  ],
]

const rejections: Row[] = [
  [
    'malformed',
    'no reason',
    'declined invalid_message',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      const { taskType, payload } = rejectionOf(quiet, hashOf(amended))
      return word(
        say(
          quiet,
          { taskType, payload: { ...(payload as Wire), rejectionReason: '' } },
          { taskId },
        ),
      )
    },
  ],
  [
    'lying',
    'a reason that was not signed',
    'rejected invalid_rejection',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      const { taskType, payload } = rejectionOf(quiet, hashOf(amended))
      return word(
        say(
          quiet,
          { taskType, payload: { ...(payload as Wire), reasonCode: 'other' } },
          { taskId },
        ),
      )
    },
  ],
  [
    'wrong key',
    'rejected by a stranger in its own name',
    'rejected unknown_pact',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      return word(say(quiet, rejectionOf(quiet, hashOf(amended), {}, stranger), { taskId }))
    },
  ],
  [
    'lying',
    'something that was never proposed',
    'rejected unknown_pact',
    (quiet) => word(say(quiet, rejectionOf(quiet, 'ab'.repeat(32)))),
  ],
  [
    'stale',
    'said 301 s ago',
    'rejected clock_skew',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      return word(
        say(quiet, rejectionOf(quiet, hashOf(amended), { rejectedAt: quiet.clock.now() - 301 }), {
          taskId,
        }),
      )
    },
  ],
  [
    'clock skew',
    'said 301 s ahead',
    'rejected clock_skew',
    async (quiet) => {
      const { amended, taskId } = await countered(quiet)
      return word(
        say(quiet, rejectionOf(quiet, hashOf(amended), { rejectedAt: quiet.clock.now() + 301 }), {
          taskId,
        }),
      )
    },
  ],
]

/** What is none of the requests, or is wrapped so that two readers could read two things. */
const wrappings: Row[] = [
  [
    'malformed',
    'a task type that nobody knows',
    'declined unknown_task_type',
    (quiet) => word(say(quiet, { taskType: 'pay_me' })),
  ],
  [
    'malformed',
    'a task type that is an object',
    'declined unknown_task_type',
    (quiet) => word(say(quiet, { taskType: {} })),
  ],
  [
    'malformed',
    'data that is text',
    'declined unknown_task_type',
    (quiet) => word(say(quiet, 'pact_negotiation')),
  ],
  [
    'malformed',
    'a proposal as text',
    'talk',
    (quiet) => {
      const text = JSON.stringify(proposalOf(quiet, pactOf(quiet)))
      return word(say(quiet, {}, { message: { parts: [{ text }], metadata: {}, extensions: [] } }))
    },
  ],
  [
    'malformed',
    'a proposal as a file',
    'talk',
    (quiet) => {
      const raw = btoa(JSON.stringify(proposalOf(quiet, pactOf(quiet)).taskType))
      const parts = [{ raw, mediaType: 'application/json' }]
      return word(say(quiet, {}, { message: { parts, metadata: {}, extensions: [] } }))
    },
  ],
  [
    'stale',
    'data of another version of the extension',
    'declined unsupported_version',
    (quiet) => {
      const data = proposalOf(quiet, pactOf(quiet))
      const uri = PACT_EXTENSION.replace('v1', 'v2')
      return word(say(quiet, data, { message: { metadata: { [uri]: data }, extensions: [uri] } }))
    },
  ],
  [
    'lying',
    'one proposal in the metadata, another in the data part',
    'declined ambiguous_message',
    (quiet) => {
      const parts = [{ data: proposalOf(quiet, pactOf(quiet)) }]
      return word(say(quiet, proposalOf(quiet, pactOf(quiet)), { message: { parts } }))
    },
  ],
  [
    'lying',
    'two proposals in one message',
    'declined ambiguous_message',
    (quiet) => {
      const parts = [1, 2].map(() => ({ data: proposalOf(quiet, pactOf(quiet)) }))
      return word(say(quiet, {}, { message: { parts, metadata: {} } }))
    },
  ],
  [
    'lying',
    'data of a foreign extension that says it is funded',
    'talk',
    (quiet) => {
      const metadata = { 'urn:other:v1': { status: 'funded' } }
      return word(
        say(quiet, {}, { message: { parts: [{ text: 'begin' }], metadata, extensions: [] } }),
      )
    },
  ],
]

const cases = (on: string, rows: Row[]): Case<Quiet>[] =>
  rows.map(([attack, what, answer, act]) => ({ on, attack, what, answer, act }))

/** Everything else that is said before there is money. */
export const negotiationCases: readonly Case<Quiet>[] = [
  ...cases('any message', wrappings),
  ...cases('pact_acceptance', acceptances),
  ...cases('pact_rejection', rejections),
]
