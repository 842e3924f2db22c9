import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { readRatings, seedsOf } from '../../../scripts/bench/forecast-ratings.ts'

describe('rating files', () => {
  let folder = ''
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'ratings-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  function fileOf(content: string | Buffer, name = 'ratings.csv'): string {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }

  test('lines come in any order and with any ends; what is no rating is counted and passed over', () => {
    const { ratings, skipped } = readRatings(
      fileOf(
        [
          '\uFEFFSOURCE,TARGET,RATING,TIME',
          '2,3,-10,200.5',
          '1,2,4,100\r',
          '',
          '1;3;1;300',
          '1\t4\t2\t150\tmore',
          // A pair may trade twice in a second.
          '1,2,4,100',
          '1,2,4',
          '1,,4,100',
          '1,2,good,100',
          '1,2,4,Infinity',
          '1,2,0,100',
          '1,2,4,-5',
          '1,2,4,0',
          '7,7,10,100',
          '__proto__,constructor,1,400',
          '\u0000\uFFFD binary',
        ].join('\n'),
      ),
    )
    assert.deepEqual(
      ratings.map(({ rater, ratee, rating, at }) => [rater, ratee, rating, at]),
      [
        ['1', '2', 4, 100],
        ['1', '2', 4, 100],
        ['1', '4', 2, 150],
        ['2', '3', -10, 200.5],
        ['1', '3', 1, 300],
        ['__proto__', 'constructor', 1, 400],
      ],
    )
    assert.equal(skipped, 10)
    assert.deepEqual(seedsOf(undefined, ratings), ['1'])
    assert.deepEqual(readRatings(fileOf(gzipSync('1,2,4,100'), 'ratings.csv.gz')).ratings.length, 1)
  })

  /** What a bench says of a file: nothing on stdout and one line on stderr, or all of its JSON. */
  function run(bench: string, args: string[]) {
    const script = new URL(`../../../scripts/bench/${bench}.ts`, import.meta.url).pathname
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      encoding: 'utf8',
    })
    return { status, stdout, stderr }
  }

  test('what cannot be measured ends the command with one line and a code, never with half a report', () => {
    const good = fileOf('1,2,4,100\n2,3,-1,200', 'good.csv')
    const refused: [string, string[]][] = [
      ['forecast', ['--ratings', join(folder, 'missing.csv')]],
      ['forecast', ['--ratings', fileOf('no csv at all', 'prose.csv')]],
      ['forecast', ['--ratings', fileOf('1,2,4,1289241911728', 'milliseconds.csv')]],
      ['attack', ['--ratings', good, '--labels', fileOf('2,-1', 'labels.csv')]],
    ]
    for (const [bench, args] of refused) {
      const { status, stdout, stderr } = run(bench, args)
      assert.equal(status, 1, args.join(' '))
      assert.equal(stdout, '')
      assert.equal(stderr.trim().split('\n').length, 1, stderr)
    }
  })

  test('the smallest file is forecast whole', () => {
    const { status, stdout } = run('forecast', ['--ratings', fileOf('1,2,4,100\nx\n1,2,-4,100')])
    assert.equal(status, 0)
    const report = JSON.parse(stdout)
    assert.equal(report.events, 2)
    assert.equal(report.skippedLines, 1)
    assert.equal(report.forecasts, 2)
    // Nothing bad was known when it came: a success had only made it less likely.
    assert.equal(report.score.auc, 0)
    assert.ok(report.score.logLoss > 0 && report.pair.brier > 0)
  })
})
