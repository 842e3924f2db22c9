/**
 * How well the oracle's own scoring code forecasts the next trade on a file of real ratings: before
 * each rating it forecasts "negative" from strictly earlier ones; the first fifth is warm-up.
 *
 * node scripts/bench/forecast.ts --ratings <csv> [--seed <id>[,<id>...]]
 */
import { parseArgs } from 'node:util'
import { createTrustModel } from '../../oracle/src/trust/model.ts'
import { RATING_PARAMETERS } from '../../oracle/src/trust/parameters.ts'
import { aucOf, type Outcome, scoreboardOf } from '../../oracle/src/trust/scoreboard.ts'
import { baselines } from './forecast-baselines.ts'
import { bootstrap } from './forecast-bootstrap.ts'
import { escrowOf, readRatings, seedsOf, WARM_UP } from './forecast-ratings.ts'
import { refuse } from './refuse.ts'

const { values } = parseArgs({ options: { ratings: { type: 'string' }, seed: { type: 'string' } } })
if (!values.ratings) refuse('usage: bench:forecast -- --ratings <csv> [--seed <id>]')

const { ratings, skipped } = readRatings(values.ratings)
const seeds = seedsOf(values.seed, ratings)

const model = createTrustModel({ seeds, parameters: RATING_PARAMETERS })
const rivals = Object.entries(baselines(ratings, seeds))
const warmUp = Math.floor(ratings.length * WARM_UP)

const rated: string[] = []
const score: Outcome[] = []
const pair: Outcome[] = []
const shown: { rank: number; failed: boolean }[] = []
const rivalry = new Map(rivals.map(([name]) => [name, [] as Outcome[]]))

for (const [index, rating] of ratings.entries()) {
  const { rater: buyer, ratee: seller, at } = rating
  if (index >= warmUp) {
    const failed = rating.rating < 0
    const forecast = model.forecastPair({ buyer, seller, at })
    rated.push(seller)
    score.push({ probability: forecast.seller.failureProbability, failed })
    pair.push({ probability: forecast.risk, failed })
    shown.push({ rank: -model.rank({ agent: seller, now: at }), failed })
    for (const [name, rival] of rivals) {
      rivalry.get(name)?.push({ probability: rival.rank(rating, index), failed })
    }
  }
  model.apply(escrowOf(rating, index))
  for (const [, rival] of rivals) rival.learn(rating, index)
}

const report = {
  events: ratings.length,
  skippedLines: skipped,
  score: { ...scoreboardOf(score), interval: bootstrap(rated, score) },
  pair: { ...scoreboardOf(pair), interval: bootstrap(rated, pair) },
  shown: { auc: aucOf(shown) },
  baselines: Object.fromEntries(
    rivals.map(([name, { probability }]) => {
      const { auc, logLoss, brier } = scoreboardOf(rivalry.get(name) ?? [])
      return [name, probability ? { auc, logLoss, brier } : { auc }]
    }),
  ),
  forecasts: score.length,
  seeds,
  version: RATING_PARAMETERS.version,
}
console.log(JSON.stringify(report))
