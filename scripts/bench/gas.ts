/**
 * Prints the receipt gas of every verb as one JSON object.
 * `--check` compares with contracts/gas.json: fails where a verb costs over 1 % more than committed, or
 * a bar is missed. `--write` commits the new figures to that file.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { measureBatches } from './gas/batch.ts'
import { type GasBudget, violations } from './gas/budget.ts'
import { openMarket } from './gas/market.ts'
import { measureFees, measureSingle, warmUp } from './gas/single.ts'

const file = new URL('../../contracts/gas.json', import.meta.url)

const market = await openMarket()
try {
  await warmUp(market)
  const gas = {
    ...(await measureSingle(market)),
    ...(await measureBatches(market)),
    ...(await measureFees(market)),
  }
  console.log(JSON.stringify(gas))

  const budget = JSON.parse(readFileSync(file, 'utf8')) as GasBudget
  if (process.argv.includes('--write')) {
    writeFileSync(file, `${JSON.stringify({ ...budget, gas }, null, 2)}\n`)
  } else if (process.argv.includes('--check')) {
    for (const violation of violations(budget, gas)) {
      console.error(violation)
      process.exitCode = 1
    }
  }
} finally {
  await market.close()
}
