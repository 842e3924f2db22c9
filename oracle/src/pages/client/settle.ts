import { pactEscrowAbi } from '@earnest/contracts'
import {
  encodeAuthorization,
  isEarnestError,
  offerRoutes,
  type SplitRecord,
  settleTypedData,
  splitOf,
  termsFromPact,
} from '@earnest/sdk/protocol'
import { encodeFunctionData } from 'viem'
import { money } from './amount.ts'
import { readAs, write } from './api.ts'
import { bring, contextOf, type Trade } from './bring.ts'
import { byId, fieldOf, onSubmit, say } from './say.ts'

/** Offers a split; where the seller has signed the same one already, carries it out. */
export async function settle(trade: Trade, form: HTMLFormElement): Promise<void> {
  await agree(trade, Number(fieldOf(form, 'percent')) * 100)
}

/** What is on the table, for the party whose key is on this device. */
export async function showSplits(trade: Trade): Promise<void> {
  const form = document.getElementById('settle')
  if (!form) return
  preview(trade, form)
  try {
    const other = (await splitsOf(trade)).find(({ by }) => by === trade.pact.seller.did)
    if (!other) return
    byId('split-offered').textContent =
      `The seller offers: ${wordsOf(trade, other.sellerBps)} If you sign the same, it is carried out at once.`
    onSubmit('accept-split', () => agree(trade, other.sellerBps))
  } catch (error) {
    if (!isEarnestError(error)) throw error
  }
}

async function splitsOf({ person, escrowId }: Trade): Promise<SplitRecord[]> {
  const answer = offerRoutes.listSplits.response
  return (await readAs(await person(), `/escrows/${escrowId}/splits`, answer)).splits
}

async function agree(trade: Trade, sellerBps: number): Promise<void> {
  const { pact, milestone, escrowId } = trade
  const [person, wallet] = [await trade.person(), await trade.wallet()]
  const context = await contextOf(trade, wallet)
  const { validBefore } = context
  say(`Your wallet asks you to sign the split: ${wordsOf(trade, sellerBps)}`)
  const typedData = settleTypedData({ ...context, sellerBps: BigInt(sellerBps) })
  const own = encodeAuthorization({ validBefore, signature: await wallet.sign(typedData) })
  const standing = await splitsOf(trade)
  const seq = Number(context.seq)
  const other = standing.find((split) => split.by === pact.seller.did && split.seq === seq)
  if (other?.sellerBps === sellerBps) {
    const data = encodeFunctionData({
      abi: pactEscrowAbi,
      functionName: 'settle',
      args: [termsFromPact({ pact, milestone }), BigInt(sellerBps), own, other.consent],
    })
    await bring(trade, { wallet, data })
    return
  }
  await write(person, `/escrows/${escrowId}/splits`, {
    body: { sellerBps, seq, consent: own },
    answer: offerRoutes.offerSplit.response,
  })
  say('Your offer is on the table. It is carried out as soon as the seller signs the same.')
}

/** Says beside the slider what its number means in money. */
function preview(trade: Trade, form: HTMLElement): void {
  const slider = form.querySelector<HTMLInputElement>('[name=percent]')
  if (!slider) return
  const show = () => {
    byId('split-means').textContent = wordsOf(trade, Number(slider.value) * 100)
  }
  slider.addEventListener('input', show)
  show()
}

function wordsOf({ pact, milestone }: Trade, sellerBps: number): string {
  const { amount } = termsFromPact({ pact, milestone })
  const { protocolBps: protocolFeeBps, arbitrationBps: arbitrationFeeBps } = pact.escrow.fees
  const parts = splitOf({
    amount,
    sellerBps,
    protocolFeeBps,
    arbitrationFeeBps,
    // A split that comes after a proposal owes the arbiter its fee.
    arbitrated: document.body.dataset.proposed === 'yes',
  })
  return `${money(parts.buyer)} USDC to you, ${money(parts.seller)} USDC to the seller.`
}
