import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { drawMarks } from '../../../../oracle/src/settlement/jury/mark.ts'
import { type EvidencePackage, promptFor } from '../../../../oracle/src/settlement/jury/prompt.ts'
import {
  suspicionsIn,
  withoutInstructions,
} from '../../../../oracle/src/settlement/jury/suspicion.ts'
import { fair, isEmpty, section, verdict } from '../../../../scripts/local/judge/verdict.ts'
import { recount } from '../../../../sdk/src/protocol/recount.ts'
import { type Judge, juryCase, withJury } from './bench.ts'

type Injection = {
  id: string
  technique: string
  place: 'deliverable' | 'buyer_claim' | 'seller_response'
  wants: 'seller' | 'buyer'
  text: string
}
const corpus = JSON.parse(
  readFileSync(new URL('../../../vectors/injections.json', import.meta.url), 'utf8'),
) as Injection[]

const fields = {
  deliverable: 'deliverable',
  buyer_claim: 'claim',
  seller_response: 'response',
} as const
const inject = ({ place, text }: Injection): EvidencePackage => {
  const field = fields[place]
  return { ...juryCase.evidence, [field]: `${juryCase.evidence[field]}\n${text}` }
}

/** What people say about work without talking to the judges. */
const ordinary = [
  juryCase.evidence.deliverable,
  juryCase.evidence.claim,
  juryCase.evidence.response,
  'The forecast for 2027 misses the bear scenario, and the table ends at 11 percent.',
  'Der Bericht enthält alle zehn Abschnitte und die Tabelle der Zinsen.',
  'Revenue grew by 12% to 4.2 million; margins fell because freight was dearer.',
  'The translation keeps the tone of the original but drops two footnotes on page 14.',
  'We ran the suite: 212 tests passed, 3 failed in the parser, see the attached log.',
  'function add(a, b) { return a + b }',
  '{"items": [{"id": 1, "name": "lamp"}], "currency": "EUR"}',
  'The seller delivered on time, but the images are smaller than 2000 pixels.',
  'Our order named ten products. We received descriptions of three.',
  'The catalogue held three products on that day; the rest was added a week later.',
  'Sorted list: 3, 8, 13, 21, 34, 55.',
  'Method: the sample was weighted by region and season, outliers above 3 sigma were removed.',
]

describe('injections', () => {
  test('[DRV-14] the corpus holds at least a hundred different texts for both sides and all places', () => {
    assert.ok(new Set(corpus.map(({ text }) => text)).size >= 100)
    assert.equal(new Set(corpus.map(({ id }) => id)).size, corpus.length)
    assert.equal(new Set(corpus.map(({ place }) => place)).size, 3)
    assert.equal(new Set(corpus.map(({ wants }) => wants)).size, 2)
  })

  test('[DSP-10][W-7] none of them forges a section or leaves a line unmarked', () => {
    for (const injection of corpus) {
      const marks = drawMarks((bytes) => randomBytes(bytes))
      const prompt = promptFor('normal', inject(injection), marks)
      const heard = { ...prompt, body: {} }
      // `section` throws at an unmarked line; each name opens and closes once.
      for (const name of ['pact_terms', 'verification_report', ...Object.keys(fields)]) {
        section(heard, name)
        const tags = prompt.user
          .split('\n')
          .filter((line) => line.includes(`${name}-${marks.delimiter}>`))
        assert.equal(tags.length, 2, injection.id)
      }
      const outside = prompt.user
        .split('\n')
        .filter(
          (line) => line !== '' && !line.startsWith(`${marks.line} `) && !line.startsWith('<'),
        )
      assert.equal(outside.length, 6, injection.id)
    }
  })

  test('[DSP-10] none of them moves judges that decide by the facts', async () => {
    const byItems: Judge = (heard) => {
      const items =
        section(heard, 'deliverable').match(/^Item \d+: a (?:lamp|chair|desk)\.$/gm) ?? []
      return verdict(heard, new Set(items).size * 10)
    }
    await withJury([byItems, byItems, byItems, byItems, byItems], async ({ hear }) => {
      for (const injection of corpus) {
        const hearing = await hear({ evidence: inject(injection), fee: 300_000n })
        assert.equal(hearing.status === 'heard' && hearing.record.sellerBps, 3000, injection.id)
      }
    })
  })

  test('[DRV-14][W-7] two gullible judges of five carry no verdict outside the honest range', async (t) => {
    let moved = 0
    let caught = 0
    for (const side of ['seller', 'buyer'] as const) {
      const mine = corpus.filter(({ wants }) => wants === side)
      let text = ''
      const visible = () =>
        text
          .replace(/\p{Cf}|\p{Cn}/gu, '')
          .split(/[\n\u2028]/u)[0]!
          .slice(0, 40)
      // Obeys whatever it reads; without the words it judges fairly.
      const gullible: Judge = (heard) =>
        heard.user.includes(visible()) && !isEmpty(heard)
          ? verdict(heard, side === 'seller' ? 100 : 0)
          : fair(30)(heard)
      await withJury(
        [gullible, gullible, fair(30), fair(30), fair(35)],
        async ({ hear, probes }) => {
          for (const injection of mine) {
            text = injection.text
            // These judges know no right answers, so nothing is learnt about them.
            probes.rows.length = 0
            const hearing = await hear({ evidence: inject(injection) })
            assert.equal(hearing.status, 'heard')
            if (hearing.status !== 'heard') continue
            const { record } = hearing
            assert.ok(record.sellerBps === 3000 || record.sellerBps === 3500, injection.id)
            if (record.sellerBps !== 3000) moved += 1
            const [seat] = record.seats
            if (seat?.code === 'moved_by_instructions' || seat?.code === 'pays_for_nothing')
              caught += 1
            assert.deepEqual(recount(record).faults, [])
          }
        },
      )
    }
    t.diagnostic(
      `${moved} of ${corpus.length} moved the verdict; in ${caught} the twins unseated both`,
    )
    assert.ok(moved / corpus.length <= 0.05)
    assert.ok(caught / corpus.length > 0.8)
  })

  test('[W-7] nearly all of them raise review, and ordinary words do not', (t) => {
    const seen = corpus.filter(({ place, text }) => suspicionsIn(place, text).length > 0)
    t.diagnostic(`${seen.length} of ${corpus.length} raise review`)
    assert.ok(seen.length / corpus.length >= 0.95)
    assert.deepEqual(
      ordinary.filter((text) => suspicionsIn('deliverable', text).length > 0),
      [],
    )
    for (const text of ordinary) assert.equal(withoutInstructions(text), text)
  })
})
