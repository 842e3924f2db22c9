import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Linted, lint } from '../../../sdk/src/negotiation/lint.ts'
import {
  decodeTemplate,
  instantiate,
  templateSchema,
} from '../../../sdk/src/negotiation/template.ts'
import { templates } from '../../../sdk/src/negotiation/templates.ts'
import { type Criterion, depositsOf } from '../../../sdk/src/protocol/criterion.ts'
import { hashBytes } from '../../../sdk/src/protocol/hash.ts'
import { decodePact } from '../../../sdk/src/protocol/pact.ts'
import { checkDelivery } from '../../../sdk/src/settlement/check.ts'
import { samplePact, samplePactWire } from '../../support/pact.ts'

const now = 1_790_000_000
const values: Record<string, Record<string, string>> = {
  'api-integration': { service: 'rates of exchange', resource: 'rates' },
  'code-function': {
    name: 'median',
    specification: 'It gives the median of a list of numbers.',
    examples: '[{"args":[[1,3,2]],"expected":2}]',
    cases: '[{"args":[[1,3,2,4]],"expected":2.5}]',
  },
  'data-extraction': {
    subject: 'invoice line',
    documents: '[{"name":"a.txt","text":"Paper, 3 pieces"}]',
    fields: '{"type":"object","required":["item"]}',
    minimumRows: '10',
    known: '[{"item":"Paper"}]',
  },
  'data-lookup': { question: 'What is the population of Bern?' },
  'dcf-analysis': {
    company: 'ACME',
    period: 'Q2 2026',
    lastRevenue: '1000',
    netDebt: '200',
    shares: '50',
  },
  'document-review': {
    document: 'NDA.pdf',
    text: '1. The term is ten years.',
    standard: 'our NDA playbook v3',
  },
  'invoice-table': {
    invoices: '[{"number":"A-1","date":"2026-03-01","total":"3.00","text":"Paper 3 x 1.00"}]',
  },
  'text-classification': {
    labels: '["spam","ham"]',
    texts: '["buy now","see you at ten"]',
    truth: '["spam","ham"]',
  },
}

describe('templates', () => {
  test('at least four validate, instantiate into a legal pact and pass the linter', () => {
    const all = Object.values(templates)
    assert.ok(all.length >= 4)
    assert.deepEqual(
      all.map(({ id }) => id),
      Object.keys(templates),
    )
    for (const template of all) {
      const parameters = values[template.id]
      assert.ok(parameters, template.id)
      const { task, paymentUsdc } = instantiate(template, { parameters, now })
      assert.equal(task.deadline, now + template.suggested.deadlineHours * 3600)
      assert.ok(paymentUsdc > 0n)
      assert.doesNotMatch(JSON.stringify(task), /\{\{/)
      const {
        accuracyRequirement: _,
        accuracyMethod: __,
        milestones: ___,
        ...wire
      } = samplePactWire
      const pact = decodePact({
        ...wire,
        capability: task.capability,
        taskDescription: task.description,
        input: task.input,
        deliverableFormat: task.outputFormats,
        acceptance: task.acceptance,
        ...(task.minAccuracy !== undefined && {
          accuracyRequirement: task.minAccuracy,
          accuracyMethod: task.accuracyMethod,
        }),
      })
      assert.equal(pact.acceptance.length, task.acceptance.length)
      assert.deepEqual(lint(task), [], template.id)
    }
  })

  test('removing any element of the DCF scope fails the criterion that names it', () => {
    const template = templates['dcf-analysis']
    const { task } = instantiate(template, { parameters: values['dcf-analysis'] ?? {}, now })
    const pact = {
      ...samplePact(),
      acceptance: [...task.acceptance],
      deliverableFormat: [...task.outputFormats],
    }
    const year = {
      year: 2027,
      growth: 1,
      revenue: 1,
      margin: 1,
      freeCashFlow: 1,
      presentValue: 1,
    }
    const scenario = { revenueGrowth: 0.1, margin: 1, valuePerShare: 10 }
    const sums = { terminalValue: 1, terminalPresentValue: 1, enterpriseValue: 1, equityValue: 1 }
    const full = {
      dcfModel: {
        wacc: 9,
        terminalGrowth: 2,
        years: [year, year, year, year, year],
        ...sums,
        valuePerShare: 1,
      },
      scenarios: { base: scenario, bull: scenario, bear: scenario },
      sensitivityTable: [8, 9, 10, 11, 12].map((wacc) => ({
        wacc,
        growth2: 1,
        growth3: 1,
        growth4: 1,
      })),
    }
    const pdf = new TextEncoder().encode(`%PDF-1.7\n${'x'.repeat(1000)}`)
    const failed = (analysis: object, summary = pdf) =>
      checkDelivery({
        pact,
        deliveredAt: 0,
        files: [
          {
            name: 'analysis.json',
            mime: 'application/json',
            bytes: new TextEncoder().encode(JSON.stringify(analysis)),
          },
          { name: 'summary.pdf', mime: 'application/pdf', bytes: summary },
        ],
      })
        .checks.filter(({ outcome }) => outcome === 'fail')
        .map(({ id }) => id)
    assert.deepEqual(failed(full), [])
    const { dcfModel: _, ...noModel } = full
    assert.deepEqual(failed(noModel), ['dcf_model'])
    const { bear: __, ...two } = full.scenarios
    assert.deepEqual(failed({ ...full, scenarios: two }), ['scenarios'])
    const short = full.sensitivityTable.filter(({ wacc }) => wacc !== 12)
    assert.deepEqual(failed({ ...full, sensitivityTable: short }), ['sensitivity'])
    const wrong = new TextEncoder().encode('x'.repeat(2000))
    assert.deepEqual(failed(full, wrong), ['format:application/pdf', 'summary'])
  })

  test('[UNS-15] a template brings its checkers: the task names each by its hash and carries its bytes', () => {
    for (const template of Object.values(templates)) {
      const { task } = instantiate(template, { parameters: values[template.id] ?? {}, now })
      const given = (task.deposits ?? []).map((bytes) => hashBytes(bytes)).sort()
      assert.deepEqual(given, depositsOf(task.acceptance), template.id)
    }
  })

  test('a parameter that looks like a placeholder stays text', () => {
    const template = templates['data-extraction']
    const known = JSON.stringify([{ item: '{{=fields}} {{sha256:known}} $& "' }])
    const parameters = { ...values['data-extraction'], subject: '{{text:known}}', known }
    const { task } = instantiate(template, { parameters, now })
    assert.match(task.description, /\{\{text:known\}\}/)
    const [, deposited] = task.deposits ?? []
    assert.ok(new TextDecoder().decode(deposited).includes(`const known = ${known}`))
  })

  test('error: a missing, unknown or wrong parameter has its code', () => {
    const template = templates['data-extraction']
    const fill = (parameters: Record<string, string>) => () =>
      instantiate(template, { parameters, now })
    const good = values['data-extraction'] ?? {}
    assert.doesNotThrow(fill(good))
    assert.throws(fill({ subject: 'x' }), { code: 'missing_parameter' })
    assert.throws(fill({ ...good, subject: ' ' }), { code: 'missing_parameter' })
    assert.throws(fill({ ...good, more: 'y' }), { code: 'unknown_parameter' })
    assert.throws(fill({ ...good, minimumRows: 'many' }), { code: 'invalid_parameter' })
    assert.throws(fill({ ...good, documents: '[' }), { code: 'invalid_parameter' })
    assert.throws(fill({ ...good, known: '[{]' }), { code: 'invalid_parameter' })
    assert.throws(() => decodeTemplate({ id: 'x' }), { code: 'invalid_template' })
    const wire = templateSchema.encode(template)
    const broken = decodeTemplate({ ...wire, task: { ...wire.task, acceptance: [] } })
    assert.throws(() => instantiate(broken, { parameters: values[template.id] ?? {}, now }), {
      code: 'invalid_template',
    })
  })
})

describe('lint', () => {
  const path: Criterion = {
    id: 'a',
    description: 'The total is there',
    weight: 1,
    verifier: { type: 'path', file: 'a.json', paths: ['/total'] },
  }
  const fine: Linted = {
    description: 'Add the numbers of the input and write the sum under total in a.json',
    outputFormats: ['application/json'],
    acceptance: [path],
  }
  const codesOf = (changes: Partial<Linted>) =>
    lint({ ...fine, ...changes }).map(({ code }) => code)

  test('vague terms, missing and unmeasured criteria are warned of, clear ones are not', () => {
    assert.deepEqual(codesOf({}), [])
    assert.deepEqual(codesOf({ description: 'Do it well' }), ['short_description'])
    assert.deepEqual(
      codesOf({
        description: 'Write a good, comprehensive analysis of the input, with charts etc',
      }),
      ['vague_words'],
    )
    assert.deepEqual(codesOf({ acceptance: [] }), ['no_criteria'])
    const jury: Criterion = {
      ...path,
      id: 'j',
      verifier: { type: 'jury', question: 'Is the sum right for each input?' },
    }
    assert.deepEqual(codesOf({ acceptance: [jury] }), ['nothing_machine_checked'])
    const format: Criterion = { ...path, verifier: { type: 'format', mime: 'application/json' } }
    assert.deepEqual(codesOf({ acceptance: [format] }), ['only_format_checked'])
    assert.deepEqual(codesOf({ acceptance: [{ ...path, weight: 99 }, jury] }), [
      'one_criterion_decides',
    ])
    assert.deepEqual(codesOf({ minAccuracy: 0.9 }), ['accuracy_unchecked'])
    const own: Criterion = {
      ...path,
      verifier: { type: 'path', file: 'a.json', paths: ['/metadata/accuracy'] },
    }
    assert.deepEqual(codesOf({ acceptance: [own] }), ['self_reported_value'])
    const other: Criterion = {
      ...path,
      verifier: { ...path.verifier, file: 'a.csv' } as Criterion['verifier'],
    }
    assert.deepEqual(codesOf({ acceptance: [other] }), ['file_not_in_formats'])
    const counted: Criterion = { ...path, description: 'There are 3 totals' }
    assert.deepEqual(codesOf({ acceptance: [counted] }), ['number_not_checked'])
  })
})
