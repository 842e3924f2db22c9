import { formatUsdc, parseUsdc } from '@earnest/sdk/protocol'
import type { Address } from 'viem'
import { type Posted, startTelegram } from '../local/telegram.ts'
import type { Book } from './book.ts'
import { line, usdc } from './say.ts'
import type { Scene } from './scene.ts'
import type { Stage } from './stage.ts'
import { closeTrade, talkingBuyer } from './trade.ts'
import { valuationTask } from './valuation.ts'

const amount = parseUsdc('13')
const NAME = 'owned'
/** What its agent is called. */
const SELLER = 'Half & Daughters'

type Telegram = Awaited<ReturnType<typeof startTelegram>>
type Owned = { url: string; wallet: Address; link: string }

let opening: Promise<{ telegram: Telegram; seller: Owned }> | undefined

/** The agent's owner is called on the phone, texts four words, and a code; the engine does the rest. */
export const owner: Scene = {
  title: `An owner who texts "approve the refund" for ${usdc(amount)}`,
  begin(stage) {
    opening = open(stage)
    return opening
  },
  play,
}

async function open({ openSeller }: Stage) {
  const telegram = await startTelegram()
  const env = { CALLED: SELLER, TELEGRAM_URL: telegram.url, TELEGRAM_TOKEN: telegram.token }
  return { telegram, seller: await openSeller<Owned>('hasty', { name: NAME, env }) }
}

async function play(stage: Stage, book: Book): Promise<string[]> {
  if (opening === undefined) throw new Error('nothing was begun')
  const { telegram, seller } = await opening
  try {
    return await converse(stage, book, { telegram, seller })
  } finally {
    await telegram.close()
  }
}

async function converse(
  stage: Stage,
  book: Book,
  { telegram, seller }: { telegram: Telegram; seller: Owned },
): Promise<string[]> {
  const { buyer: party } = stage
  book.add(SELLER, () => book.balance(seller.wallet))
  const hear = async (pattern: RegExp) => {
    const message = await telegram.until(pattern)
    for (const part of message.text.split('\n').filter((each) => each !== '')) line('bot', part)
    return message
  }
  const text = (words: string, to?: Posted) => {
    line('owner', words)
    telegram.say(words, to && { replyTo: to.messageId })
  }

  text(`/start ${seller.link}`)
  await hear(/This account is linked/)
  const buyer = talkingBuyer(stage)
  const disputed = await buyer.hire(seller.url, {
    task: valuationTask(stage.clock.now() + 3600),
    paymentUsdc: amount,
  })
  const before = await book.balance(party.account.address)
  const alert = await hear(/A trade is disputed/)
  text('approve the refund', alert)
  const asked = await hear(/To do it, answer/)
  const faults: string[] = []
  if ((await book.balance(party.account.address)) !== before) faults.push('paid before the code')
  text(/confirm \d{6}/.exec(asked.text)?.[0] ?? '')
  const receipt = await hear(/went back to the buyer/)

  const ended = await buyer.resume(disputed.tradeId)
  const back = (await book.balance(party.account.address)) - before
  line('', `the buyer has ${formatUsdc(back)} USDC more`)
  if (back !== amount) faults.push(`${usdc(back)} came back`)
  const { settlement } = ended.receipts
  if (settlement === undefined || !receipt.text.includes(settlement.txHash)) {
    faults.push('the receipt names another transaction')
  }
  const { trust } = disputed.receipts
  const whole = { ...ended, receipts: { ...ended.receipts, trust } }
  faults.push(...(await closeTrade(stage, whole)))
  if (ended.settlementStatus !== 'refunded') faults.push(`ended ${ended.settlementStatus}`)
  return faults
}
