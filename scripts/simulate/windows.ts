/**
 * `npm run -s simulate:windows`: who loses how much when somebody is silent after a delivery, under the fixed
 * 48-hour rule of the sources and under ours. Prints one JSON object; `--page` prints docs/windows.md's tables.
 *
 * node scripts/simulate/windows.ts [--seed <n>] [--trades <n>] [--page]
 */
import { parseArgs } from 'node:util'
import { windowsTables } from './windows/page.ts'
import { playWindows } from './windows/play.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    trades: { type: 'string', default: '4000' },
    page: { type: 'boolean', default: false },
  },
})
const played = playWindows({ seed: Number(values.seed), trades: Number(values.trades) })
console.log(values.page ? windowsTables(played) : JSON.stringify(played))
