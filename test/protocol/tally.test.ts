import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { calibrate, type Probe } from '../../sdk/src/protocol/calibration.ts'
import { tally, trimmedMean } from '../../sdk/src/protocol/tally.ts'

const percent = (...votes: (number | null)[]) =>
  votes.map((vote) => (vote === null ? null : vote * 100))
const equal = (seats: number) => calibrate([], seats)
const share = fc.integer({ min: 0, max: 100 })

/** Known answers on which each seat is right as often as `skill` says, in a fixed pattern. */
function probesOf(skills: readonly number[], count = 100): Probe[] {
  return Array.from({ length: count }, (_, index) => {
    const answer = index % 2 === 0
    // Strides without a common factor keep the seats' errors apart.
    const votes = skills.map((skill, seat) => {
      const right = (index * (7 + 4 * seat)) % count < skill * count
      return right === answer ? 10_000 : 0
    })
    return { id: '00'.repeat(32), answer, votes }
  })
}

describe('tally', () => {
  test('[DSP-14] the diagnostic trimmed mean leaves out the lowest and the highest', () => {
    assert.equal(trimmedMean([5500, 6000, 6500, 6000, 7000]), 6166)
    assert.equal(tally(percent(55, 60, 65, 60, 70), equal(5)).trimmedMean, 6166)
  })

  test('[DSP-15][W-6] with equal weights the verdict is the plain median: 60 of the golden five', () => {
    assert.equal(tally(percent(55, 60, 65, 60, 70), equal(5)).sellerBps, 6000)
  })

  test('[W-6] two of five captured leave the median where a trimmed mean falls to 40', () => {
    const captured = tally(percent(0, 0, 60, 60, 60), equal(5))
    assert.equal(captured.sellerBps, 6000)
    assert.equal(captured.trimmedMean, 4000)
  })

  test('[W-6] four valid votes give the mean of the middle two, floored to a whole percent', () => {
    assert.equal(tally(percent(10, 50, 61, 90, null), equal(5)).sellerBps, 5500)
    assert.equal(tally(percent(10, 50, 55, 90, null), equal(5)).sellerBps, 5200)
  })

  test('[W-35] below three valid votes there is no verdict', () => {
    const { sellerBps, doubts } = tally(percent(50, 60, null, null, null), equal(5))
    assert.equal(sellerBps, null)
    assert.ok(doubts.includes('no_quorum'))
  })

  test('[ATK-07] any two of five equal votes, whatever they say, leave the result in the honest range', () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 3, maxLength: 3 }), share, share, (honest, a, b) => {
        const { sellerBps } = tally(percent(...honest, a, b), equal(5))
        assert.ok(sellerBps !== null)
        assert.ok(sellerBps >= Math.min(...honest) * 100 && sellerBps <= Math.max(...honest) * 100)
      }),
    )
  })

  test('[ATK-07] one captured seat cannot leave the honest range, however well it was calibrated', () => {
    const calibration = calibrate(probesOf([1, 0.7, 0.65, 0.6, 0.6]), 5)
    fc.assert(
      fc.property(fc.array(share, { minLength: 4, maxLength: 4 }), share, (honest, captured) => {
        const { sellerBps } = tally(percent(captured, ...honest), calibration)
        assert.ok(sellerBps !== null)
        assert.ok(sellerBps >= Math.min(...honest) * 100 && sellerBps <= Math.max(...honest) * 100)
      }),
    )
  })

  test('the better calibrated seats carry the median', () => {
    const votes = percent(80, 75, 20, 20, 20)
    assert.equal(tally(votes, equal(5)).sellerBps, 2000)
    const calibration = calibrate(probesOf([0.95, 0.95, 0.55, 0.55, 0.55]), 5)
    assert.equal(tally(votes, calibration).sellerBps, 7500)
  })

  test('a seat that errs by rule has no vote in the median, and its opposite is heard in the leaning', () => {
    const calibration = calibrate(probesOf([0.9, 0.8, 0.8, 0.1, 0.8]), 5)
    assert.ok((calibration.weights[3] ?? 0) < 0)
    const silent = tally(percent(50, 50, 50, 50, 50), calibration)
    const wrong = tally(percent(50, 50, 50, 0, 50), calibration)
    assert.equal(wrong.weights[3], 0)
    assert.equal(wrong.sellerBps, silent.sellerBps)
    assert.ok(wrong.leaning > 0)
  })

  test('seats that err together count as fewer votes, and too few send the case up', () => {
    const apart = tally(
      percent(60, 60, 60, 60, 60),
      calibrate(probesOf([0.7, 0.7, 0.7, 0.7, 0.7]), 5),
    )
    const twins = calibrate(
      probesOf([0.7]).map(({ id, answer, votes: [vote = null] }) => ({
        id,
        answer,
        votes: [vote, vote, vote, vote, vote],
      })),
      5,
    )
    const together = tally(percent(60, 60, 60, 60, 60), twins)
    assert.ok(together.effectiveVotes < apart.effectiveVotes)
    assert.ok(together.doubts.includes('too_few_effective_votes'))
    assert.deepEqual(apart.doubts, [])
  })

  test('a bench torn apart goes up', () => {
    assert.ok(tally(percent(0, 0, 50, 100, 100), equal(5)).doubts.includes('too_much_dissent'))
  })

  test('where no seat is reliable there is no number', () => {
    const calibration = calibrate(probesOf([0.1, 0.1, 0.1, 0.1, 0.1]), 5)
    const { sellerBps, doubts } = tally(percent(60, 60, 60, 60, 60), calibration)
    assert.equal(sellerBps, null)
    assert.ok(doubts.includes('no_reliable_seat'))
  })

  test('every figure is an integer and the order of equal seats is of no matter', () => {
    const votes = fc.array(fc.option(share), { minLength: 5, maxLength: 5 })
    fc.assert(
      fc.property(votes, (list) => {
        const forward = tally(percent(...list), equal(5))
        const backward = tally(percent(...list.toReversed()), equal(5))
        assert.deepEqual({ ...backward, weights: backward.weights.toReversed() }, forward)
        const figures = [
          forward.leaning,
          forward.effectiveVotes,
          forward.dissent,
          ...forward.weights,
        ]
        assert.ok(figures.every(Number.isInteger))
      }),
    )
  })
})

describe('calibrate', () => {
  test('below twenty known answers every seat weighs the same', () => {
    assert.deepEqual(new Set(calibrate(probesOf([0.9, 0.1, 0.5], 19), 3).weights).size, 1)
    assert.ok(new Set(calibrate(probesOf([0.9, 0.1, 0.5], 20), 3).weights).size > 1)
  })

  test('a better seat weighs more, and a new model without answers weighs nothing yet', () => {
    const [good = 0, fair = 0, poor = 0, unknown] = calibrate(
      probesOf([0.95, 0.75, 0.55]).map((probe) => ({ ...probe, votes: [...probe.votes, null] })),
      4,
    ).weights
    assert.ok(good > fair && fair > poor)
    assert.equal(unknown, 0)
  })

  test('[W-37] the errors that two seats share are measured', () => {
    const copies = probesOf([0.7, 0.6]).map(({ id, answer, votes: [a = null, b = null] }) => ({
      id,
      answer,
      votes: [a, a, b],
    }))
    const { correlation } = calibrate(copies, 3)
    assert.ok((correlation[0]?.[1] ?? 0) > 8000)
    assert.ok((correlation[0]?.[2] ?? 0) < 4000)
    assert.equal(correlation[0]?.[0], 10_000)
  })
})
