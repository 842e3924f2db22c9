/**
 * A simulated market of honest, lazy, camouflaged, ring, self-dealing, bought-edge, whitewashing,
 * waiting and poisoning agents, played against the oracle's own scoring code. Prints one JSON object;
 * `--curves <file>` also writes the curves of cost against gain as tab-separated lines, `--plot <folder>`
 * draws them into `attacks.svg` and `sellers.svg` there.
 *
 * node scripts/simulate/simulate.ts [--curves <file>] [--plot <folder>]
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { attackCurves, collusion, fakeProfile, voucherPrices } from './attacks.ts'
import { climb, newcomer, premium } from './honest.ts'
import { runMarket } from './market.ts'
import { plotAttacks, plotSellers } from './plot.ts'
import { boughtCustomCurve, camouflageCurve, lazyCurve } from './sellers.ts'

const { values } = parseArgs({
  options: { curves: { type: 'string' }, plot: { type: 'string' } },
})
const attacks = attackCurves()
const loot = [...camouflageCurve(), ...boughtCustomCurve()]
const lazy = lazyCurve()

if (values.curves) {
  const columns = ['attack', 'effort', 'fees', 'capitalDays', 'without', 'after', 'gain'] as const
  const lines = attacks.map((point) => columns.map((column) => point[column]).join('\t'))
  writeFileSync(values.curves, `${[columns.join('\t'), ...lines].join('\n')}\n`)
}

if (values.plot) {
  mkdirSync(values.plot, { recursive: true })
  writeFileSync(join(values.plot, 'attacks.svg'), plotAttacks(attacks))
  writeFileSync(join(values.plot, 'sellers.svg'), plotSellers(loot, lazy))
}

console.log(
  JSON.stringify({
    climb: [0.1, 0.05, 0.02].map((marketFailure) => climb({ from: 750, to: 900, marketFailure })),
    premium: premium(),
    newcomer: newcomer(),
    market: runMarket(),
    attacks,
    loot,
    lazy,
    voucherPrices: voucherPrices(),
    fakeProfile: fakeProfile(500),
    collusion: [0.005, 0.02, 0.05].map(collusion),
  }),
)
