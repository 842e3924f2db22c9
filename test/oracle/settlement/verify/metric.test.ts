import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hashBytes, isEarnestError, type PactWire } from '@earnest/sdk/protocol'
import { DEFAULT_BUDGET } from '../../../../oracle/src/settlement/verify/examiner.ts'
import { measureOf } from '../../../../oracle/src/settlement/verify/measures.ts'
import { samplePactWire } from '../../../support/pact.ts'
import { json, textFile } from './files.ts'
import { analysis, check, checkOf, goodFiles } from './setup.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** 1000 labels; the seller has `right` of them. */
const truth = Array.from({ length: 1000 }, (_, index) => (index % 3 === 0 ? 'up' : 'down'))
const heldOut = bytes(JSON.stringify(truth))
const predictions = (right: number) =>
  truth.map((label, index) => (index < right ? label : `not ${label}`))
const accuracy = {
  id: 'accuracy',
  description: 'Direction of the held-out quarters',
  weight: 10,
  verifier: {
    type: 'metric' as const,
    file: 'result.json',
    pointer: '/forecast',
    source: { kind: 'heldOut' as const, sha256: hashBytes(heldOut), measure: 'accuracy' as const },
    min: 0.92,
  },
}
const pact: Partial<PactWire> = {
  acceptance: [...samplePactWire.acceptance, accuracy],
  accuracyRequirement: 0.92,
  accuracyMethod: 'accuracy',
}
const withForecast = (forecast: unknown, claimed = 0.941) => ({
  ...goodFiles,
  'result.json': json({ ...analysis, forecast, metadata: { accuracy: claimed } }),
})

describe('metric', () => {
  test('[SET-04][W-9] 0.941 of a required 0.92 passes by our own measurement', async () => {
    const report = await check({ pact, files: withForecast(predictions(941)), deposits: [heldOut] })
    assert.equal(report.result, 'PASS')
    assert.equal(checkOf(report, 'accuracy').measured, '0.941')
  })

  test('[SET-04][W-9] a seller that claims 0.941 and has 0.6 does not pass', async () => {
    const report = await check({ pact, files: withForecast(predictions(600)), deposits: [heldOut] })
    assert.equal(report.result, 'PARTIAL')
    assert.deepEqual(
      [checkOf(report, 'accuracy').code, checkOf(report, 'accuracy').measured],
      ['below_minimum', '0.6'],
    )
  })

  test('the bound itself passes, one label below does not', async () => {
    const at = await check({ pact, files: withForecast(predictions(920)), deposits: [heldOut] })
    assert.equal(at.result, 'PASS')
    const below = await check({ pact, files: withForecast(predictions(919)), deposits: [heldOut] })
    assert.equal(below.result, 'PARTIAL')
  })

  const lies: [string, unknown, string][] = [
    ['a number in place of predictions', 0.941, 'predictions_missing'],
    ['nothing', undefined, 'predictions_missing'],
    ['fewer predictions', predictions(1000).slice(1), 'predictions_wrong_length'],
    ['more predictions', [...predictions(1000), 'up'], 'predictions_wrong_length'],
    ['objects as predictions', truth.map(() => ({})), 'predictions_unusable'],
  ]
  for (const [name, forecast, code] of lies) {
    test(`[W-9] ${name}: ${code}`, async () => {
      const report = await check({ pact, files: withForecast(forecast), deposits: [heldOut] })
      assert.equal(checkOf(report, 'accuracy').code, code)
      assert.equal(report.result, 'PARTIAL')
    })
  }

  test('what the buyer did not deposit counts as passed, and the report says so', async () => {
    for (const deposits of [[], [bytes('["up"]')]]) {
      const report = await check({ pact, files: withForecast('anything'), deposits })
      assert.equal(report.result, 'PASS')
      assert.equal(checkOf(report, 'accuracy').code, 'deposit_missing')
      assert.deepEqual(report.missingDeposits, [hashBytes(heldOut)])
    }
  })

  test('a deposit of bytes under another hash is no deposit', async () => {
    const readDeposit = async () => bytes('[]')
    const report = await check({ pact, files: withForecast(predictions(0)), readDeposit })
    assert.equal(checkOf(report, 'accuracy').code, 'deposit_missing')
  })

  test('a deposit that measures nothing counts as passed: the seller does not answer for it', async () => {
    const useless = bytes('{"a":1}')
    const source = { ...accuracy.verifier.source, sha256: hashBytes(useless) }
    const acceptance = [{ ...accuracy, verifier: { ...accuracy.verifier, source } }]
    const files = withForecast(predictions(1000))
    const report = await check({ pact: { acceptance }, files, deposits: [useless] })
    assert.deepEqual(
      [report.result, checkOf(report, 'accuracy').code],
      ['PASS', 'deposit_unusable'],
    )
  })
})

describe('measures', () => {
  const rows: [Parameters<typeof measureOf>[0], unknown[], unknown[], number | undefined][] = [
    ['accuracy', [1, 2, 3, 4], [1, 2, 3, 5], 0.75],
    ['accuracy', ['1'], [1], 0],
    ['accuracy', [], [], undefined],
    ['macroF1', ['a', 'a', 'b', 'b'], ['a', 'b', 'b', 'b'], (2 / 3 + 4 / 5) / 2],
    ['macroF1', ['a', 'b'], ['c', 'c'], 0],
    ['mae', [1, 2, 3], [2, 2, 5], 1],
    ['rmse', [0, 0], [3, 4], Math.sqrt(12.5)],
    ['mape', [100, 200], [110, 180], 0.1],
    ['mape', [0, 1], [0, 1], undefined],
    ['r2', [1, 2, 3], [1, 2, 3], 1],
    ['r2', [1, 2, 3], [2, 2, 2], 0],
    ['r2', [5, 5], [5, 5], undefined],
    ['rmse', [1], ['1'], undefined],
    ['rmse', [1], [null], undefined],
    ['mae', [1, 2], [1], undefined],
  ]
  for (const [name, truth, predicted, want] of rows) {
    test(`${name} of ${JSON.stringify(predicted)} against ${JSON.stringify(truth)}`, () => {
      const got = measureOf(name, truth, predicted)
      if (want === undefined) assert.equal(got, undefined)
      else assert.ok(got !== undefined && Math.abs(got - want) < 1e-12, String(got))
    })
  }
})

describe('checker', () => {
  const byChecker = (
    script: string,
    changes: Record<string, unknown> = {},
    budget = DEFAULT_BUDGET,
  ) => {
    const deposit = bytes(script)
    const acceptance: PactWire['acceptance'] = [
      {
        id: 'checker',
        description: 'The buyer’s own check',
        weight: 1,
        verifier: {
          type: 'metric',
          file: 'result.json',
          pointer: '/scenarios',
          source: { kind: 'checker', sha256: hashBytes(deposit) },
          min: 0.5,
          ...changes,
        },
      },
    ]
    return check({ pact: { acceptance }, deposits: [deposit], budget })
  }

  test('gets the value at the pointer and the pact’s input', async () => {
    const script = `function check(scenarios, input) {
      return scenarios.bear.growth < scenarios.base.growth && input.ticker === 'ACME' ? 1 : 0
    }`
    const report = await byChecker(script)
    assert.deepEqual([report.result, checkOf(report, 'checker').measured], ['PASS', '1'])
  })

  test('gets the text of a file that is not JSON', async () => {
    const deposit = bytes('const check = (text) => text.split(/\\s+/).length')
    const acceptance: PactWire['acceptance'] = [
      {
        id: 'words',
        description: 'x',
        weight: 1,
        verifier: {
          type: 'metric',
          file: 'a.txt',
          pointer: '',
          source: { kind: 'checker', sha256: hashBytes(deposit) },
          min: 3,
          max: 4,
        },
      },
    ]
    const run = (text: string) =>
      check({
        pact: { acceptance, deliverableFormat: ['text/plain'] },
        files: { 'a.txt': textFile(text) },
        deposits: [deposit],
      })
    assert.equal((await run('three words here')).result, 'PASS')
    assert.equal(checkOf(await run('two words'), 'words').code, 'below_minimum')
    assert.equal(checkOf(await run('five words are too many'), 'words').code, 'above_maximum')
  })

  const bad: [string, string, string][] = [
    ['returns no number', 'const check = () => "1"', 'checker_no_number'],
    ['returns NaN', 'const check = () => NaN', 'checker_no_number'],
    ['returns infinity', 'const check = () => 1 / 0', 'checker_no_number'],
    ['returns nothing', 'const check = () => {}', 'checker_no_number'],
    ['throws', 'const check = () => { throw new Error("no") }', 'checker_threw'],
    ['never ends', 'const check = () => { for (;;) {} }', 'checker_exhausted'],
    ['never loads', 'for (;;) {}', 'checker_exhausted'],
    [
      'eats memory',
      'const check = () => { const a = []; for (;;) a.push(new Uint8Array(1e6)) }',
      'checker_exhausted',
    ],
    ['eats the stack', 'const check = () => check()', 'checker_exhausted'],
    [
      'backtracks for ever',
      'const check = () => /^(a+)+$/.test("a".repeat(40) + "b") ? 1 : 0',
      'checker_exhausted',
    ],
  ]
  for (const [name, script, code] of bad) {
    test(`a checker that ${name}: ${code}, and never a PASS`, async () => {
      const report = await byChecker(script)
      assert.equal(checkOf(report, 'checker').code, code)
      assert.notEqual(report.result, 'PASS')
    })
  }

  const reach = [
    'fetch',
    'require',
    'process',
    'XMLHttpRequest',
    'WebSocket',
    'setTimeout',
    'Date',
    'performance',
    'std',
    'os',
    'print',
    'console',
  ]
  for (const name of reach) {
    test(`a checker has no ${name}`, async () => {
      const report = await byChecker(`const check = () => typeof ${name} === 'undefined' ? 1 : 0`)
      assert.equal(report.result, 'PASS')
    })
  }

  test('a checker has no chance, no import and no way to the host through constructors', async () => {
    const script = `const check = () => {
      const host = Function('return this')()
      const names = Object.getOwnPropertyNames(host)
      return typeof Math.random === 'undefined' && !names.includes('process') ? 1 : 0
    }`
    assert.equal((await byChecker(script)).result, 'PASS')
    const importing = await byChecker('const check = () => { import("node:fs"); return 1 }')
    assert.equal(checkOf(importing, 'checker').outcome === 'pass', true)
    const loading = await byChecker('import fs from "node:fs"; const check = () => 1')
    assert.equal(checkOf(loading, 'checker').code, 'deposit_unusable')
  })

  test('nothing survives from one checker to the next', async () => {
    await byChecker('globalThis.left = 1; Object.prototype.left = 1; const check = () => 1')
    const report = await byChecker(
      'const check = () => typeof left === "undefined" && !({}).left ? 1 : 0',
    )
    assert.equal(report.result, 'PASS')
    assert.equal('left' in {}, false)
  })

  const unloadable: [string, string][] = [
    ['is no script', 'this is not a script'],
    ['has no check', 'const other = 1'],
    ['throws while it loads', 'throw new Error("no"); function check() { return 0 }'],
    ['names something that is no function', 'const check = 1'],
  ]
  for (const [name, script] of unloadable) {
    test(`[W-9] a checker that ${name} counts as missing, and the seller is not failed by it`, async () => {
      const report = await byChecker(script)
      assert.deepEqual(
        [report.result, checkOf(report, 'checker').code],
        ['PASS', 'deposit_unusable'],
      )
    })
  }

  /** Two checkers in one pact, each of its own text. */
  const byTwo = (first: string, second: string, options: Parameters<typeof check>[0] = {}) => {
    const deposits = [first, second].map(bytes)
    const acceptance: PactWire['acceptance'] = deposits.map((deposit, index) => ({
      id: `checker${index}`,
      description: 'x',
      weight: 1,
      verifier: {
        type: 'metric',
        file: 'result.json',
        pointer: '',
        source: { kind: 'checker', sha256: hashBytes(deposit) },
        min: 0,
      },
    }))
    return check({ pact: { acceptance }, deposits, ...options })
  }
  const codesOf = (report: Awaited<ReturnType<typeof check>>) =>
    report.findings.filter(({ weight }) => weight > 0).map(({ code }) => code)

  test('each criterion has its share of the fuel, and what one takes is never taken from another', async () => {
    const busy = 'function check() { let n = 0; for (let i = 0; i < 1e6; i++) n += i; return 1 }'
    const endless = 'const check = () => { for (;;) {} }'
    assert.deepEqual(codesOf(await byTwo(endless, busy)), ['checker_exhausted', 'met'])
    const budget = { ...DEFAULT_BUDGET, fuel: 10_000_000 }
    assert.deepEqual(codesOf(await byTwo(endless, busy, { budget })), [
      'checker_exhausted',
      'checker_exhausted',
    ])
  })

  const native: [string, string][] = [
    [
      'a search through 2^53 places',
      'Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)',
    ],
    ['a power of 8 million bits', '(3n ** 5000000n) * (3n ** 5000000n)'],
    ['a pattern that backtracks', '/^(a|a)*$/.test("a".repeat(60) + "b")'],
    ['copies without end', 'for (;;) "x".repeat(1e6) + Math'],
    ['a sort that never agrees', 'for (;;) new Array(1e5).fill(1).sort(() => 1)'],
    ['a list of lists', 'const all = []; for (;;) all.push(new Array(1e5).fill(all))'],
    ['recursion through the engine', 'const o = { toString() { return String(o) } }; String(o)'],
    ['a deep pattern', 'new RegExp("(".repeat(1e6) + ")".repeat(1e6))'],
    ['a deep document', 'JSON.parse("[".repeat(1e6) + "]".repeat(1e6)); for (;;) {}'],
  ]
  for (const [name, code] of native) {
    test(`[SET-08] ${name} inside the engine ends by the count, twice at the same place`, async () => {
      const script = `const check = () => { ${code}; return 1 }`
      const budget = { ...DEFAULT_BUDGET, fuel: 20_000_000 }
      const reports = [await byChecker(script, {}, budget), await byChecker(script, {}, budget)]
      const [first, again] = reports.map((report) => checkOf(report, 'checker'))
      assert.notEqual(first?.outcome, 'pass')
      assert.deepEqual(first, again)
    })
  }

  test('[SET-08] what the wall clock ends is tried again and never a report', async () => {
    const endless = 'const check = () => { for (;;) {} }'
    const budget = { ...DEFAULT_BUDGET, fuel: 1e15, milliseconds: 300 }
    await assert.rejects(
      byTwo(endless, 'const check = () => 1', { budget }),
      (error) => isEarnestError(error, 'verification_interrupted') && error.retryable,
    )
    assert.equal((await check()).result, 'PASS')
  })

  test('while foreign code runs the main thread is free', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const report = await byChecker('const check = () => { for (;;) {} }')
    clearInterval(timer)
    assert.equal(checkOf(report, 'checker').code, 'checker_exhausted')
    assert.ok(turns > 10, String(turns))
  })

  test('criteria without foreign code are decided, whatever a checker eats', async () => {
    const deposit = bytes('const check = () => { for (;;) {} }')
    const acceptance: PactWire['acceptance'] = [
      {
        id: 'checker',
        description: 'x',
        weight: 1,
        verifier: {
          type: 'metric',
          file: 'result.json',
          pointer: '',
          source: { kind: 'checker', sha256: hashBytes(deposit) },
          min: 0,
        },
      },
      {
        id: 'shape',
        description: 'x',
        weight: 1,
        verifier: {
          type: 'schema',
          file: 'result.json',
          schema: { properties: { name: { pattern: '^[a-z]+$' } } },
        },
      },
    ]
    const report = await check({ pact: { acceptance }, deposits: [deposit] })
    assert.deepEqual(
      report.findings.slice(-2).map(({ id, code }) => [id, code]),
      [
        ['checker', 'checker_exhausted'],
        ['shape', 'met'],
      ],
    )
  })
})

describe('cases', () => {
  const deposit = bytes(
    JSON.stringify([
      { args: [1, 2], expected: 3 },
      { args: [2, 2], expected: 4 },
      { args: [{ a: 1, b: [2] }, 0], expected: { b: [2], a: 1 } },
      { args: [null, 'x'], expected: null },
    ]),
  )
  const good = `function add(a, b) { return typeof a === 'number' ? a + b : a }`
  const byCases = (script: string, options: Parameters<typeof check>[0] = {}) => {
    const acceptance: PactWire['acceptance'] = [
      {
        id: 'cases',
        description: 'x',
        weight: 1,
        verifier: {
          type: 'metric',
          file: 'solution.js',
          pointer: '',
          source: { kind: 'cases', sha256: hashBytes(deposit), call: 'add' },
          min: 1,
        },
      },
    ]
    return check({
      pact: { acceptance, deliverableFormat: ['text/javascript'] },
      files: { 'solution.js': textFile(script, 'text/javascript') },
      deposits: [deposit],
      ...options,
    })
  }

  test('[SET-04] code that gets every hidden case right passes', async () => {
    const report = await byCases(good)
    assert.deepEqual([report.result, checkOf(report, 'cases').measured], ['PASS', '1'])
  })

  const wrong: [string, string, string, string[]][] = [
    [
      'is wrong once',
      'const add = (a, b) => a === 2 ? 5 : typeof a === "number" ? a + b : a',
      'below_minimum',
      ['case 2'],
    ],
    [
      'gives the sum as text',
      'const add = (a, b) => typeof a === "number" ? String(a + b) : a',
      'below_minimum',
      ['case 1', 'case 2'],
    ],
    [
      'gives NaN for null',
      'const add = (a, b) => a === null ? NaN : typeof a === "number" ? a + b : a',
      'below_minimum',
      ['case 4'],
    ],
    [
      'throws',
      'const add = () => { throw new Error("no") }',
      'below_minimum',
      ['case 1', 'case 2', 'case 3', 'case 4'],
    ],
    [
      'gives nothing',
      'const add = () => {}',
      'below_minimum',
      ['case 1', 'case 2', 'case 3', 'case 4'],
    ],
    ['has another name', 'const sum = (a, b) => a + b', 'function_missing', ['add']],
    [
      'is no script',
      'export const add = (a, b) => a + b',
      'script_threw',
      ['SyntaxError: unsupported keyword: export'],
    ],
    ['never ends', 'const add = () => { for (;;) {} }', 'script_exhausted', ['case 1']],
    ['never loads', 'for (;;) {}', 'script_exhausted', []],
    [
      'eats the memory',
      'const add = () => { const l = []; for (;;) l.push("x".repeat(1e6) + l.length) }',
      'script_exhausted',
      ['case 1'],
    ],
    [
      'nests its answer without end',
      'const add = () => { let o = 1; for (let n = 0; n < 300; n++) o = [o]; return o }',
      'below_minimum',
      ['case 1', 'case 2', 'case 3', 'case 4'],
    ],
    [
      'writes its own verdict',
      'JSON.stringify = () => `{"value":3}`; Object.prototype.toJSON = () => 3; const add = () => 3',
      'below_minimum',
      ['case 2', 'case 3', 'case 4'],
    ],
    [
      'replaces what calls it',
      'globalThis.__run = () => `{"value":3}`; const add = () => 0',
      'below_minimum',
      ['case 1', 'case 2', 'case 3', 'case 4'],
    ],
  ]
  for (const [name, script, code, missing] of wrong) {
    test(`code that ${name}: ${code}`, async () => {
      const budget = { ...DEFAULT_BUDGET, fuel: 30_000_000 }
      const found = checkOf(await byCases(script, { budget }), 'cases')
      assert.deepEqual([found.outcome, found.code], ['fail', code])
      if (code !== 'script_threw') assert.deepEqual(found.missing, missing)
    })
  }

  test('what it should have said is nowhere in reach of the code', async () => {
    const script = `const seen = []
      const add = (a, b) => {
        for (let o = globalThis; o; o = Object.getPrototypeOf(o))
          for (const name of Object.getOwnPropertyNames(o)) {
            let value
            try { value = JSON.stringify(o[name]) + String(o[name]) } catch {}
            if (String(value).includes('expected')) seen.push(name)
          }
        return seen.length > 0 ? 'found' : typeof a === 'number' ? a + b : a
      }`
    assert.equal((await byCases(script)).result, 'PASS')
  })

  test('cases that are none count as missing: the seller does not answer for them', async () => {
    for (const useless of ['[]', '{}', '[{"args":1,"expected":2}]', 'no']) {
      const other = bytes(useless)
      const acceptance: PactWire['acceptance'] = [
        {
          id: 'cases',
          description: 'x',
          weight: 1,
          verifier: {
            type: 'metric',
            file: 'result.json',
            pointer: '',
            source: { kind: 'cases', sha256: hashBytes(other), call: 'add' },
            min: 1,
          },
        },
      ]
      const report = await check({ pact: { acceptance }, deposits: [other] })
      assert.equal(checkOf(report, 'cases').code, 'deposit_unusable')
    }
  })
})
