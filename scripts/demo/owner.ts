import { formatUsdc, parseUsdc } from '@earnest/sdk/protocol'
import type { Address } from 'viem'
import { fundGas } from '../local/chain.ts'
import { localParty } from '../local/party.ts'
import { type Posted, startTelegram } from '../local/telegram.ts'
import type { Book } from './book.ts'
import { line, usdc } from './say.ts'
import type { Scene } from './scene.ts'
import type { Stage } from './stage.ts'
import { closeTrade, talkingBuyer } from './trade.ts'
import { valuationTask } from './valuation.ts'

const amount = parseUsdc('13')
const NAME = 'owned'

/** The agent's owner is called on the phone, texts four words, and a code; the engine does the rest. */
export const owner: Scene = {
  title: `An owner who texts "approve the refund" for ${usdc(amount)}`,
  play,
}

async function play(stage: Stage, book: Book): Promise<string[]> {
  const telegram = await startTelegram()
  try {
    return await converse(stage, book, telegram)
  } finally {
    await telegram.close()
  }
}

async function converse(
  stage: Stage,
  book: Book,
  telegram: Awaited<ReturnType<typeof startTelegram>>,
): Promise<string[]> {
  const { chain, oracle, deployment, buyer: party } = stage
  const { account } = localParty({ name: `seller/${NAME}`, rpcUrl: chain.url, oracle })
  await fundGas(chain.client, account.address)
  book.add('owned seller', () => book.balance(account.address))
  const seller = await stage.start<{ url: string; wallet: Address; link: string }>({
    name: 'owned seller',
    script: 'scripts/demo/seller.ts',
    env: {
      RPC_URL: chain.url,
      ORACLE_URL: oracle.url,
      ORACLE_DID: oracle.did,
      DEPLOYMENT: JSON.stringify(deployment),
      BEHAVIOUR: 'hasty',
      NAME,
      TELEGRAM_URL: telegram.url,
      TELEGRAM_TOKEN: telegram.token,
    },
  })
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
