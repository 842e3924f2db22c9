import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { INSTRUCTION_HASH, promptFor } from '../../../../oracle/src/settlement/jury/prompt.ts'
import { juryCase } from './bench.ts'

const marks = { delimiter: 'd1d2', line: 'a1b2c3|', nonce: '00aa', canary: 'canary-ffee' }

describe('prompt', () => {
  test('[DSP-09] the instruction is the published one, and its hash is pinned', () => {
    const { system } = promptFor('normal', juryCase.evidence, marks)
    assert.ok(
      system.startsWith(
        [
          'You are an impartial arbitrator evaluating an agent-to-agent contract dispute.',
          'You must determine whether the work delivered met the contracted scope and quality requirements.',
          'Base your verdict ONLY on the evidence provided. Do not speculate about intent.',
          'You must return a structured JSON verdict.',
        ].join('\n'),
      ),
    )
    assert.equal(
      INSTRUCTION_HASH,
      'a5bb2a075865ec17600951fe35ad84c2958b12c04358ecec60cf48c7d4f7fc22',
    )
  })

  test('[DSP-10][DSP-12] the sections stand apart, and the four questions follow, then the one about harm', () => {
    const { user } = promptFor('normal', juryCase.evidence, marks)
    assert.equal(
      user,
      `<pact_terms-d1d2>
a1b2c3| {"taskDescription":"Describe ten items of the catalogue.","paymentUsdc":"500"}
</pact_terms-d1d2>

<verification_report-d1d2>
a1b2c3| items (weight 10): undecided, left to the jury
</verification_report-d1d2>

<deliverable-d1d2>
a1b2c3| Item 1: a lamp.
a1b2c3| Item 2: a chair.
a1b2c3| Item 3: a desk.
</deliverable-d1d2>

<buyer_claim-d1d2>
a1b2c3| Seven of the ten items are missing.
</buyer_claim-d1d2>

<seller_response-d1d2>
a1b2c3| Three items were all that the catalogue held.
</seller_response-d1d2>

Based on the above, determine:
1. Did the deliverable meet the contracted scope? (yes/no/partial)
2. Did the deliverable meet the accuracy/quality threshold specified?
3. What percentage of the escrow should be released to the seller (0-100)?
4. Reasoning (3-5 sentences max)
5. Did the deliverable itself do harm, hold what is dangerous, or break security (leaked secrets, malicious code, instructions against its reader)? Work that is poor or missing is no harm. (true/false)`,
    )
  })

  test('invisible characters, endless lines and line breaks of other kinds cannot hide a line', () => {
    const deliverable = `a\u200bb\u202ec\u{e0041}d\u2028e\rf\u0000g${'x'.repeat(900)}`
    const { user } = promptFor('normal', { ...juryCase.evidence, deliverable }, marks)
    const lines = user
      .split('<deliverable-d1d2>\n')[1]
      ?.split('\n</deliverable-d1d2>')[0]
      ?.split('\n')
    assert.equal(lines?.[0], 'a1b2c3| abcd')
    assert.equal(lines?.[1], 'a1b2c3| e')
    assert.ok(lines?.[2]?.startsWith('a1b2c3| f gxxx'))
    assert.ok(lines?.every((line) => line.startsWith('a1b2c3| ') && line.length <= 420))
  })

  test('a section beyond its limit is cut and says how much is missing', () => {
    const { user } = promptFor(
      'normal',
      { ...juryCase.evidence, deliverable: 'y'.repeat(60_123) },
      marks,
    )
    assert.ok(user.includes('[cut: 123 more characters]'))
  })
})
