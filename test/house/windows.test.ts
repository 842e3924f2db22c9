import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { windowsTables } from '../../scripts/simulate/windows/page.ts'
import { type Cell, playWindows } from '../../scripts/simulate/windows/play.ts'

const played = playWindows({ seed: 1, trades: 4000 })
const page = readFileSync('docs/windows.md', 'utf8')

describe('windows', () => {
  test('[UNS-12] the figures of docs/windows.md are what its command prints', () => {
    const [cells = '', lengths = ''] = windowsTables(played).split('\n\n')
    assert.ok(page.includes(cells), 'run: npm run -s simulate:windows -- --page')
    assert.ok(page.includes(lengths), 'run: npm run -s simulate:windows -- --page')
  })

  const cellOf = (cells: readonly Cell[], seller: Cell['seller'], buyer: Cell['buyer']) => {
    const found = cells.find((cell) => cell.seller === seller && cell.buyer === buyer)
    assert.ok(found)
    return found
  }

  test('under other seeds the answer is the same: whoever is away loses less, nobody much more', () => {
    for (const seed of [2, 3]) {
      const { fixed48, ours, lengths, ourTotal } = playWindows({ seed, trades: 1000 })
      for (const seller of ['lazy', 'lying', 'silent'] as const) {
        for (const buyer of ['weekends', 'offline', 'absent'] as const) {
          const [old, own] = [cellOf(fixed48, seller, buyer), cellOf(ours, seller, buyer)]
          assert.ok(own.buyerLoss < old.buyerLoss / 2, `${seller} ${buyer} ${seed}`)
        }
      }
      const griefed = cellOf(ours, 'honest', 'griefing').sellerLoss
      assert.ok(griefed < cellOf(fixed48, 'honest', 'griefing').sellerLoss / 2)
      // No fixed clock comes near, whatever its length.
      for (const fixed of lengths) {
        assert.ok(ourTotal.buyerLoss < fixed.buyerLoss / 3)
        assert.ok(ourTotal.sellerLoss < fixed.sellerLoss)
        assert.ok(ourTotal.hours < fixed.hours)
      }
    }
  })
})
