import type { Cell, playWindows } from './play.ts'

type Played = ReturnType<typeof playWindows>

/** The tables of docs/windows.md. */
export function windowsTables({ fixed48, ours, lengths, ourTotal }: Played): string {
  const rows = fixed48.map((old, index) => {
    const own = ours[index] as Cell
    return `| ${old.seller} | ${old.buyer} | ${figures(old)} | ${figures(own)} |`
  })
  const others = lengths.map(
    ({ window, buyerLoss, sellerLoss, hours }) =>
      `| fixed ${window} h | ${buyerLoss.toFixed(2)} | ${sellerLoss.toFixed(2)} | ${hours.toFixed(1)} |`,
  )
  return [
    '| seller | buyer | 48 h: buyer loses | 48 h: seller loses | 48 h: hours | 48 h: judged | ours: buyer loses | ours: seller loses | ours: hours | ours: judged |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
    '',
    '| rule | buyers lose | sellers lose | hours until the money has moved |',
    '|---|---|---|---|',
    ...others,
    `| ours | ${ourTotal.buyerLoss.toFixed(2)} | ${ourTotal.sellerLoss.toFixed(2)} | ${ourTotal.hours.toFixed(1)} |`,
  ].join('\n')
}

function figures({ buyerLoss, sellerLoss, hours, judged }: Cell): string {
  const money = [buyerLoss, sellerLoss].map((loss) => loss.toFixed(2))
  return [...money, hours.toFixed(1), `${judged.toFixed(0)} %`].join(' | ')
}
