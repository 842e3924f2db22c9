import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { betaCdf, betaQuantile } from '../../../oracle/src/trust/beta.ts'
import { failureOf, pairRiskOf, posteriorOf, shownOf } from '../../../oracle/src/trust/forecast.ts'
import { TRUST_PARAMETERS } from '../../../oracle/src/trust/parameters.ts'
import {
  createRecalibration,
  learn,
  recalibrated,
} from '../../../oracle/src/trust/recalibration.ts'
import { aucOf, scoreboardOf } from '../../../oracle/src/trust/scoreboard.ts'
import { generator } from './generator.ts'

const shown = (fulfilled: number) =>
  Math.round(
    1000 *
      shownOf(
        posteriorOf({ fulfilled, untrusted: 0, penalty: 0 }, 0.1, TRUST_PARAMETERS),
        TRUST_PARAMETERS,
      ),
  )

describe('forecast', () => {
  test('the scale is the published one: 444, 748 and 891 after 1, 25 and 225 trusted trades', () => {
    assert.deepEqual([shown(1), shown(25), shown(225)], [444, 748, 891])
  })

  test('the beta quantile inverts the distribution, also where it is steep', () => {
    for (const [a, b] of [
      [0.1, 5],
      [0.3, 2.7],
      [1, 1],
      [4, 200],
      [50, 3],
    ] as const) {
      for (const p of [0.01, 0.1, 0.5, 0.9, 0.99]) {
        assert.ok(Math.abs(betaCdf(betaQuantile(p, a, b), a, b) - p) < 1e-9)
      }
    }
    // Closed form: Beta(1, b) has the quantile 1 - (1 - p)^(1/b).
    assert.ok(Math.abs(betaQuantile(0.9, 1, 7) - (1 - 0.1 ** (1 / 7))) < 1e-12)
  })

  test('without evidence the forecast is the base rate, for a seller and for a pair', () => {
    const none = posteriorOf({ fulfilled: 0, untrusted: 0, penalty: 0 }, 0.1, TRUST_PARAMETERS)
    assert.ok(Math.abs(failureOf(none) - 0.1) < 1e-12)
    assert.ok(Math.abs(pairRiskOf([0.1, 0.1, 0.1], 0.1) - 0.1) < 1e-12)
    assert.ok(pairRiskOf([0.3, 0.1], 0.1) > 0.29)
  })

  test('recalibration learns from the past, keeps the order and starts as the identity', () => {
    const recalibration = createRecalibration()
    assert.equal(recalibrated(recalibration, 0.3), 0.3)
    const random = generator(1)
    for (let i = 0; i < 4_000; i++) {
      const truth = random()
      // Forecasts that are twice too timid in log odds.
      const raw = 1 / (1 + Math.exp(-Math.log(truth / (1 - truth)) / 2))
      learn(
        recalibration,
        { raw, outcome: random() < truth ? 1 : 0 },
        TRUST_PARAMETERS.recalibration,
      )
    }
    assert.ok(Math.abs(recalibration.slope - 2) < 0.2)
    assert.ok(recalibrated(recalibration, 0.2) < recalibrated(recalibration, 0.21))
  })

  test('the scoreboard counts ties half and knows a perfect and a useless forecast', () => {
    const outcomes = [0, 0, 1, 1].map((failed, i) => ({
      rank: i < 2 ? 0 : 1,
      failed: failed === 1,
    }))
    assert.equal(aucOf(outcomes), 1)
    assert.equal(aucOf(outcomes.map(({ failed }) => ({ rank: 5, failed }))), 0.5)
    // Beside every pair counted by hand, over forecasts that are often equal.
    const random = generator(2)
    const many = Array.from({ length: 400 }, () => {
      return { rank: Math.floor(random() * 30) / 30, failed: random() < 0.2 }
    })
    let [right, pairs] = [0, 0]
    for (const bad of many.filter(({ failed }) => failed)) {
      for (const good of many.filter(({ failed }) => !failed)) {
        right += bad.rank > good.rank ? 1 : bad.rank === good.rank ? 0.5 : 0
        pairs++
      }
    }
    assert.equal(aucOf(many), right / pairs)
    const board = scoreboardOf([
      { probability: 0.25, failed: false },
      { probability: 0.75, failed: true },
    ])
    assert.ok(Math.abs(board.logLoss + Math.log(0.75)) < 1e-12)
    assert.equal(board.brier, 0.0625)
    assert.deepEqual(
      board.calibration.map(({ count, rate }) => [count, rate]),
      [
        [1, 0],
        [1, 1],
      ],
    )
  })
})
