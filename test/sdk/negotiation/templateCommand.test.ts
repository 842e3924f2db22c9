import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { templates } from '../../../sdk/src/negotiation/templates.ts'
import { decodePact } from '../../../sdk/src/protocol/pact.ts'
import { samplePactWire } from '../../support/pact.ts'

function template(...words: string[]) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['scripts/template.ts', ...words],
    {
      encoding: 'utf8',
    },
  )
  return { stdout, stderr, status }
}

const dcf = ['company=ACME', 'period=Q2 2026', 'lastRevenue=1000', 'netDebt=200', 'shares=50']

describe('npm run template', () => {
  test('[PCT-25] a template is instantiated on the command line into the terms of a legal pact', () => {
    assert.ok(Object.keys(templates).length >= 4)
    const listed = template()
    assert.equal(listed.status, 0)
    for (const id of Object.keys(templates))
      assert.match(listed.stdout, new RegExp(`^${id}: `, 'm'))

    const { stdout, status } = template('dcf-analysis', ...dcf)
    assert.equal(status, 0)
    const task = JSON.parse(stdout) as Record<string, string>
    const pact = decodePact({
      ...samplePactWire,
      capability: task.capability,
      taskDescription: task.description,
      input: task.input,
      deliverableFormat: task.outputFormats,
      acceptance: task.acceptance,
      paymentUsdc: task.paymentUsdc,
    } as never)
    assert.match(pact.taskDescription, /ACME/)
    assert.ok(pact.acceptance.length > 0)
  })

  test('error: one line says what is missing, unknown or wrong', () => {
    const cases: [string[], RegExp][] = [
      [['no-such'], /^unknown_template: want one of .*dcf-analysis.*\n$/],
      [['dcf-analysis', ...dcf.slice(1)], /^missing_parameter: Want company: .*\n$/],
      [['dcf-analysis', ...dcf.slice(0, -1), 'shares=many'], /^invalid_parameter: .*shares.*\n$/],
    ]
    for (const [words, line] of cases) {
      const { stderr, stdout, status } = template(...words)
      assert.match(stderr, line)
      assert.equal(stdout, '')
      assert.equal(status, 1)
    }
  })
})
