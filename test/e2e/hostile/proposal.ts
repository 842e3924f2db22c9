import { decodePact, hashPact, type PactWire } from '../../../sdk/src/protocol/pact.ts'
import { formatUtc } from '../../../sdk/src/protocol/time.ts'
import { party, type Quiet, venue } from '../a2a/quietSeller.ts'
import type { Wire } from '../a2a/subject.ts'
import type { Attack, Case } from './case.ts'
import { agreed, countered, pactOf, proposalOf, say, signAs } from './conversation.ts'

type Row = [attack: Attack, what: string, answer: string, act: (quiet: Quiet) => Promise<string>]

const word = async (saying: ReturnType<typeof say>) => (await saying).word
const propose = (quiet: Quiet, changes: Wire) =>
  word(say(quiet, proposalOf(quiet, pactOf(quiet, changes))))
const hashOf = (pact: PactWire) => hashPact(decodePact(pact))
const at = (quiet: Quiet, seconds: number) => formatUtc(quiet.clock.now() + seconds)
const stranger = party(99)

/** A proposal whose pact is changed in one place. */
const changed = (
  attack: Attack,
  what: string,
  answer: string,
  change: (quiet: Quiet) => Wire,
): Row => [attack, what, answer, (quiet) => propose(quiet, change(quiet))]
const escrow = (quiet: Quiet, changes: Wire) => ({
  escrow: { ...pactOf(quiet).escrow, ...changes },
})
const timing = (quiet: Quiet, changes: Wire) => ({
  timing: { ...pactOf(quiet).timing, ...changes },
})
const windows = (quiet: Quiet, changes: Wire) =>
  timing(quiet, { windows: { ...pactOf(quiet).timing.windows, ...changes } })
const criterion = (changes: Wire) => ({
  acceptance: [
    {
      id: 'a',
      description: 'a',
      weight: 1,
      verifier: { type: 'path', file: 'a.json', paths: ['/a'] },
      ...changes,
    },
  ],
})
const metric = (changes: Wire) =>
  criterion({
    verifier: {
      type: 'metric',
      file: 'deliverable.json',
      pointer: '',
      source: { kind: 'checker', sha256: 'ab'.repeat(32) },
      ...changes,
    },
  })

const proposals: Row[] = [
  [
    'malformed',
    'no payload',
    'declined invalid_message',
    (quiet) => word(say(quiet, { taskType: 'pact_negotiation' })),
  ],
  [
    'malformed',
    'a pact that is a list',
    'declined invalid_message',
    (quiet) => word(say(quiet, proposalOf(quiet, [] as never, { signature: 'ab'.repeat(64) }))),
  ],
  changed('unknown field', 'a term that nobody knows', 'declined invalid_message', () => ({
    bonus: '1',
  })),
  [
    'unknown field',
    'a member beside the pact',
    'declined invalid_message',
    (quiet) => word(say(quiet, proposalOf(quiet, pactOf(quiet), { note: 'a' }))),
  ],
  changed('oversized', 'a description of 20,001 characters', 'declined invalid_message', () => ({
    taskDescription: 'a'.repeat(20_001),
  })),
  changed('stale', 'a pact of another version', 'declined invalid_message', () => ({
    version: '2',
  })),
  [
    'lying',
    'a pact changed after it was hashed',
    'rejected pact_hash_mismatch',
    async (quiet) => {
      const pact = pactOf(quiet)
      return word(
        say(quiet, proposalOf(quiet, { ...pact, paymentUsdc: '11' }, { pactHash: hashOf(pact) })),
      )
    },
  ],
  [
    'wrong key',
    'signed by another agent',
    'rejected proposer_mismatch',
    async (quiet) => {
      const pact = pactOf(quiet)
      return word(
        say(quiet, proposalOf(quiet, pact, { signature: signAs(stranger, 'pact', pact) })),
      )
    },
  ],
  [
    'lying',
    'the signature of another pact',
    'rejected proposer_mismatch',
    async (quiet) => {
      const signature = signAs(quiet.buyer, 'pact', pactOf(quiet))
      return word(say(quiet, proposalOf(quiet, pactOf(quiet), { signature })))
    },
  ],
  [
    'lying',
    'a signature made for another purpose',
    'rejected proposer_mismatch',
    async (quiet) => {
      const pact = pactOf(quiet)
      return word(
        say(quiet, proposalOf(quiet, pact, { signature: signAs(quiet.buyer, 'message', pact) })),
      )
    },
  ],
  [
    'wrong key',
    'sent by another agent than signed',
    'rejected proposer_mismatch',
    (quiet) =>
      word(
        say(quiet, proposalOf(quiet, pactOf(quiet)), {
          headers: { authorization: quiet.bearer(stranger) },
        }),
      ),
  ],
  changed(
    'lying',
    'proposed in the seller’s name',
    'rejected proposer_mismatch',
    ({ buyer, owner }) => ({
      proposedBy: owner.identity.did,
      proposedTo: buyer.identity.did,
    }),
  ),
  changed('lying', 'proposed by nobody of the two', 'declined proposer_mismatch', () => ({
    proposedBy: stranger.identity.did,
  })),
  changed('lying', 'proposed to nobody of the two', 'declined recipient_mismatch', () => ({
    proposedTo: stranger.identity.did,
  })),
  changed('lying', 'for another seller', 'rejected wrong_addressee', () => ({
    seller: { did: stranger.identity.did, wallet: stranger.wallet.address.toLowerCase() },
    proposedTo: stranger.identity.did,
  })),
  changed(
    'lying',
    'pays another wallet than the seller’s',
    'rejected wrong_wallet',
    ({ owner }) => ({
      seller: { did: owner.identity.did, wallet: stranger.wallet.address.toLowerCase() },
    }),
  ),
  [
    'replayed',
    'the same proposal, in another task',
    'accepted',
    async (quiet) => {
      const proposal = proposalOf(quiet, pactOf(quiet))
      const [first, second] = [await say(quiet, proposal), await say(quiet, proposal)]
      return first.data.sellerSignature === second.data.sellerSignature
        ? second.word
        : 'another answer'
    },
  ],
  [
    'replayed',
    'the same message id, the same proposal',
    'accepted',
    async (quiet) => {
      const proposal = proposalOf(quiet, pactOf(quiet))
      const message = { messageId: 'said-twice' }
      await say(quiet, proposal, { message })
      return word(say(quiet, proposal, { message }))
    },
  ],
  [
    'replayed',
    'the same message id, other terms',
    'rejected nonce_reused',
    async (quiet) => {
      const pact = pactOf(quiet)
      const message = { messageId: 'said-twice' }
      await say(quiet, proposalOf(quiet, pact), { message })
      return word(say(quiet, proposalOf(quiet, { ...pact, paymentUsdc: '11' }), { message }))
    },
  ],
  [
    'replayed',
    'a nonce of other terms',
    'rejected nonce_reused',
    async (quiet) => {
      const { pact } = await agreed(quiet)
      return propose(quiet, { nonce: pact.nonce })
    },
  ],
  [
    'replayed',
    'another proposal in a task that has agreed',
    'rejected negotiation_ended',
    async (quiet) => {
      const { taskId } = await agreed(quiet)
      return word(say(quiet, proposalOf(quiet, pactOf(quiet)), { taskId }))
    },
  ],
  [
    'replayed',
    'a fourth proposal for one piece of work, each in a task of its own',
    'rejected rounds_exhausted',
    async (quiet) => {
      for (const price of ['1', '2', '3']) await propose(quiet, { paymentUsdc: price })
      return propose(quiet, { paymentUsdc: '4' })
    },
  ],
  changed('stale', 'proposed 301 s ago', 'rejected clock_skew', (quiet) => ({
    proposedAt: at(quiet, -301),
  })),
  changed('clock skew', 'proposed 301 s ahead', 'rejected clock_skew', (quiet) => ({
    proposedAt: at(quiet, 301),
  })),
  changed('stale', 'a deadline that is past', 'rejected deadline_passed', (quiet) => ({
    proposedAt: at(quiet, -300),
    deadlineUtc: at(quiet, 0),
    ...timing(quiet, { fundBy: at(quiet, -1) }),
  })),
  changed('stale', 'a time to fund that is past', 'rejected fund_by_passed', (quiet) => ({
    proposedAt: at(quiet, -300),
    ...timing(quiet, { fundBy: at(quiet, 0) }),
  })),
  changed('malformed', 'a deadline that is not UTC', 'declined invalid_message', () => ({
    deadlineUtc: '2027-01-15T08:00:00+01:00',
  })),
  [
    'stale',
    'a proposal after fifteen minutes of talk',
    'rejected negotiation_timeout',
    async (quiet) => {
      const { taskId } = await countered(quiet)
      quiet.clock.set(quiet.clock.now() + 901)
      return word(say(quiet, proposalOf(quiet, pactOf(quiet)), { taskId }))
    },
  ],
  changed('wrong chain', 'another chain', 'rejected unsupported_escrow', (quiet) =>
    escrow(quiet, { chainId: 8453 }),
  ),
  changed('wrong chain', 'another escrow contract', 'rejected unsupported_escrow', (quiet) =>
    escrow(quiet, { contract: `0x${'ab'.repeat(20)}` }),
  ),
  changed('wrong chain', 'another token', 'rejected unsupported_escrow', (quiet) =>
    escrow(quiet, { token: `0x${'ab'.repeat(20)}` }),
  ),
  changed('wrong chain', 'another arbiter', 'rejected unsupported_arbiter', (quiet) =>
    escrow(quiet, { arbiter: `0x${'ab'.repeat(20)}` }),
  ),
  changed('lying', 'fees above the seller’s limit', 'rejected fee_too_high', (quiet) =>
    escrow(quiet, {
      fees: { protocolBps: 101, arbitrationBps: 100, recipient: venue.feeRecipient },
    }),
  ),
  changed('lying', 'a review of eight days', 'rejected window_too_long', (quiet) =>
    windows(quiet, { review: 8 * 86_400 }),
  ),
  changed('lying', 'a capability that is not offered', 'rejected unknown_capability', () => ({
    capability: 'flattery',
  })),
  changed(
    'lying',
    'input that the seller cannot read',
    'rejected unsupported_input_format',
    () => ({
      input: { files: [{ name: 'a', mime: 'application/x-sh', sha256: 'ab'.repeat(32) }] },
    }),
  ),
  changed(
    'lying',
    'output that the seller does not write',
    'rejected unsupported_output_format',
    () => ({ deliverableFormat: ['video/mp4'] }),
  ),
  changed('lying', 'a scope of ten letters', 'rejected scope_unclear', () => ({
    taskDescription: 'Do a thing.',
  })),
  changed('lying', 'a checker that the seller cannot see', 'rejected secret_checker', () =>
    metric({ min: 0.5 }),
  ),
  changed('lying', 'less than the least price', 'counter_proposed', () => ({
    paymentUsdc: '4.999999',
  })),
  changed('lying', 'buyer and seller are one agent', 'declined equal_parties', ({ owner }) => ({
    buyer: { did: owner.identity.did, wallet: `0x${'ab'.repeat(20)}` },
  })),
  changed(
    'lying',
    'buyer and seller share a wallet',
    'declined equal_parties',
    ({ buyer, owner }) => ({
      buyer: { did: buyer.identity.did, wallet: owner.wallet.address.toLowerCase() },
    }),
  ),
  changed('lying', 'the zero address as the buyer', 'declined zero_address', ({ buyer }) => ({
    buyer: { did: buyer.identity.did, wallet: `0x${'00'.repeat(20)}` },
  })),
  changed('lying', 'less than a cent', 'declined amount_too_small', () => ({
    paymentUsdc: '0.009999',
  })),
  changed('malformed', 'seven decimals', 'declined invalid_message', () => ({
    paymentUsdc: '1.0000001',
  })),
  changed('malformed', 'a price that is a number', 'declined invalid_message', () => ({
    paymentUsdc: 10,
  })),
  changed('lying', 'funding after the deadline', 'declined fund_by_not_before_deadline', (quiet) =>
    timing(quiet, { fundBy: at(quiet, 7200) }),
  ),
  changed('lying', 'a window of a second', 'declined window_out_of_range', (quiet) =>
    windows(quiet, { response: 1 }),
  ),
  changed('lying', 'a fee above the cap of the contract', 'declined fee_above_cap', (quiet) =>
    escrow(quiet, {
      fees: { protocolBps: 201, arbitrationBps: 100, recipient: venue.feeRecipient },
    }),
  ),
  changed('lying', 'a fallback of more than all', 'declined split_out_of_range', (quiet) =>
    escrow(quiet, { fallback: { sellerBps: 10_001 } }),
  ),
  changed('lying', 'two criteria of one name', 'declined duplicate_criterion', (quiet) => ({
    acceptance: [...pactOf(quiet).acceptance, ...pactOf(quiet).acceptance],
  })),
  changed('lying', 'a metric without a bound', 'declined metric_without_bound', () => metric({})),
  changed('lying', 'one format twice', 'declined duplicate_format', () => ({
    deliverableFormat: ['application/json', 'application/json'],
  })),
  changed('lying', 'an accuracy of more than one', 'declined accuracy_out_of_range', () => ({
    accuracyRequirement: 1.1,
    accuracyMethod: 'unverified',
  })),
  changed('lying', 'an accuracy that nothing measures', 'declined accuracy_method_missing', () => ({
    accuracyRequirement: 0.9,
  })),
  changed(
    'lying',
    'an accuracy measured by no criterion',
    'declined accuracy_method_mismatch',
    () => ({ accuracyRequirement: 0.9, accuracyMethod: 'nothing' }),
  ),
  changed('lying', 'a ladder that is none', 'declined invalid_ladder', (quiet) =>
    escrow(quiet, { ladder: `01${'f'.repeat(62)}` }),
  ),
]

/** Everything that can be wrong with what a buyer proposes. */
export const proposalCases: readonly Case<Quiet>[] = proposals.map(
  ([attack, what, answer, act]) => ({ on: 'pact_negotiation', attack, what, answer, act }),
)
