/** Prints the receipt gas of a committee of seven, from the draw to the executed split, as one JSON object. */
import { measureCommittee } from './gas/committee.ts'
import { openMarket } from './gas/market.ts'

const market = await openMarket()
try {
  console.log(JSON.stringify(await measureCommittee(market)))
} finally {
  await market.close()
}
