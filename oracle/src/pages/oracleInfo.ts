import type { OracleInfo } from '@earnest/sdk/protocol'
import type { Oracle } from '../oracle.ts'
import { arbiterStatistics } from '../settlement/arbiter.ts'
import { addressOf } from './chainLink.ts'
import { duration, percent, share } from './format.ts'
import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'
import { calibrationPlot } from './plot/calibration.ts'

type Account = Awaited<ReturnType<Oracle['trust']['scoreboard']>>
type Info = Pick<OracleInfo, 'arbiters' | 'attestors' | 'escrow' | 'fees' | 'token'>

/** Who this oracle is, what it counts, and how its arbiters did. */
export async function oraclePage(oracle: Oracle, info: Info): Promise<Html> {
  const { signer, trust, chain } = oracle
  const arbiters = await Promise.all(
    info.arbiters.map((arbiter) => arbiterStatistics(oracle, arbiter)),
  )
  const account = await trust.scoreboard()
  const link = (address: string) => addressOf(chain.chainId, address)
  return page({
    title: 'Oracle',
    place: '/oracle',
    body: html`<h1>This oracle</h1>
<p class="lead">It watches the contract, checks deliveries by code, keeps the papers and answers for every word with its signature. It holds nobody’s money and nobody’s keys.</p>
<dl>
<dt>Identity</dt><dd><code>${signer.did}</code></dd>
<dt>Chain</dt><dd>${chain.chainId}</dd>
<dt>Escrow contract</dt><dd>${link(info.escrow)}</dd>
<dt>Token</dt><dd>${link(info.token)}</dd>
<dt>Fees that it asks for</dt><dd>${percent(info.fees.protocolBps)} to the protocol, from the seller; ${percent(info.fees.arbitrationBps)} for arbitration, only in a dispute</dd>
<dt>Keys that sign its checks</dt><dd>${info.attestors.map((attestor) => html`${link(attestor)} `)}</dd>
<dt>Scorer</dt><dd>${trust.scorer.version}</dd>
</dl>
${scoreboard(account)}
${arbiters.map(arbiterTable)}`,
  })
}

/** How good its forecasts were, beside simpler ones made of the same trades. */
function scoreboard({ events, failures, pair, score, baselines }: Account): Html {
  if (events === 0) {
    return html`<h2>How good its forecasts were</h2><p class="soft">No trade that counts has ended yet.</p>`
  }
  const methods = [
    ['With the pair’s own history', pair],
    ['By the score alone', score],
    ...Object.entries(baselines),
  ] as const
  const title = `Forecast against what came, in ${pair.calibration.length} groups`
  return html`<h2>How good its forecasts were</h2>
<p>Before each of ${events} trades it said how likely the trade goes wrong; ${failures} did.</p>
<div class="scroll" tabindex="0" role="region" aria-label="Forecasts"><table>
<caption>Ranking: the chance that a trade which failed was thought riskier than one that went well, 1 at best. Loss: the surprise, 0 at best.</caption>
<thead><tr><th scope="col">Method</th><th scope="col" class="n">Ranking</th><th scope="col" class="n">Loss</th></tr></thead>
<tbody>${methods.map(
    ([name, { auc, logLoss }]) =>
      html`<tr><th scope="row">${name}</th><td class="n">${auc === null ? '–' : auc.toFixed(3)}</td><td class="n">${logLoss === null ? '–' : logLoss.toFixed(3)}</td></tr>`,
  )}</tbody></table></div>
${when(
  pair.calibration.length > 0,
  () =>
    html`<figure class="square">${calibrationPlot(pair.calibration, title)}<figcaption>A point on the line came as often as it was forecast; its size says how many trades stand behind it.</figcaption></figure>`,
)}`
}

function arbiterTable(record: Awaited<ReturnType<typeof arbiterStatistics>>): Html {
  const tiers = [
    ['Jury', record.jury],
    ['Committee', record.committee],
    ['Moderator', record.moderator],
  ] as const
  const { seconds, late, open } = record.target
  return html`<h2>How its arbiter did</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Arbiter"><table>
<caption>Rulings by who made them. A ruling should take ${duration(seconds)} at most; ${late} took longer, ${open} are overdue now.</caption>
<thead><tr><th scope="col">Who</th><th scope="col" class="n">Rulings</th><th scope="col" class="n">Middle time</th><th scope="col" class="n">Appealed</th><th scope="col" class="n">Overturned</th></tr></thead>
<tbody>${tiers.map(
    ([name, tier]) =>
      html`<tr><th scope="row">${name}</th><td class="n">${tier.cases}</td><td class="n">${tier.latency.p50 !== null ? duration(tier.latency.p50) : '–'}</td><td class="n">${tier.cases > 0 ? share(tier.appealed / tier.cases) : '–'}</td><td class="n">${tier.cases > 0 ? share(tier.overturned / tier.cases) : '–'}</td></tr>`,
  )}</tbody></table></div>`
}
