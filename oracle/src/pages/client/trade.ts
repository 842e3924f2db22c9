import { pactEscrowAbi } from '@earnest/contracts'
import {
  EarnestError,
  encodeAuthorization,
  encodePact,
  escalateTypedData,
  escrowIdOfPact,
  fundTypedData,
  hashPact,
  isEarnestError,
  type OfferRecord,
  offerRecordSchema,
  type Pact,
  pactRecordSchema,
  releaseTypedData,
  termsFromPact,
  verifyPactSignature,
} from '@earnest/sdk/protocol'
import { encodeFunctionData, type Hex, hexToBigInt } from 'viem'
import { read, readOracle, write } from './api.ts'
import { appeal } from './appeal.ts'
import { bring, contextOf, type Trade } from './bring.ts'
import { dispute, evidence } from './dispute.ts'
import { openFiles } from './files.ts'
import { findKey, type Person, personOf } from './key.ts'
import { showPapers } from './papers.ts'
import { onSubmit, say } from './say.ts'
import { settle, showSplits } from './settle.ts'
import { connect, type Wallet } from './wallet.ts'

/** The page of one trade for its customer: each form does one thing and says how it went. */
export async function trade(): Promise<void> {
  const it = await readTrade()
  onSubmit('pay', () => pay(it))
  onSubmit('approve', () => act(it, 'release'))
  onSubmit('withdraw', () => act(it, 'release'))
  onSubmit('open-files', () => openFiles(it))
  onSubmit('dispute', (form) => dispute(it, form))
  onSubmit('evidence', (form) => evidence(it, form))
  onSubmit('settle', (form) => settle(it, form))
  onSubmit('escalate', () => act(it, 'escalate'))
  onSubmit('appeal', () => appeal(it))
  await showPapers(it)
  await showSplits(it)
}

async function readTrade(): Promise<Trade> {
  const { pact: pactId = '', milestone = '0' } = document.body.dataset
  const pact = await readPact(pactId)
  const trade = { pactId, pact, milestone: Number(milestone) }
  return {
    ...trade,
    escrowId: escrowIdOfPact(trade),
    person: async () => personOf(await findKey(pact.buyer.did)),
    wallet: () => connect({ chainId: pact.escrow.chainId, want: pact.buyer.wallet }),
  }
}

/** The terms behind a number; whatever the oracle shows has to have this number. */
async function readPact(pactId: string): Promise<Pact> {
  const { terms } = await read(`/offers/${pactId}`, offerRecordSchema).catch((error) => {
    if (!isEarnestError(error) || error.code !== 'offer_unknown') throw error
    return read(`/pacts/${pactId}`, pactRecordSchema)
  })
  if (hashPact(terms) !== pactId) throw new EarnestError('pact_mismatch', 'Another hash')
  return terms
}

/** Signs the pact where that is still to be done, then pays it in with one signature of the wallet. */
async function pay(trade: Trade): Promise<void> {
  const { pact, pactId, milestone } = trade
  say('Connecting your wallet.')
  const [wallet, oracle] = [await trade.wallet(), await readOracle()]
  const { chainId, contract, token } = pact.escrow
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
  if (chainId !== oracle.chainId || !same(contract, oracle.escrow) || !same(token, oracle.token)) {
    throw new EarnestError('pact_mismatch', 'The pact names another contract')
  }
  const terms = termsFromPact({ pact, milestone })
  if ((await balanceOf(wallet, token)) < terms.amount) {
    throw new EarnestError('insufficient_funds', 'Too little USDC')
  }
  await accept(trade)
  say('Your wallet asks for one signature: it pays and accepts the terms at once.')
  const { tokenName: name, tokenVersion: version } = oracle
  const ref = { address: token, name, version }
  const signature = await wallet.sign(fundTypedData({ terms, chainId, contract, token: ref }))
  const data = encodeFunctionData({
    abi: pactEscrowAbi,
    functionName: 'fund',
    args: [terms, signature],
  })
  await bring(trade, { wallet, data })
  say(`Paid in. The number of this trade is ${pactId.slice(0, 8)}.`)
}

async function accept({ pact, pactId, person }: Trade): Promise<void> {
  const offer = await read(`/offers/${pactId}`, offerRecordSchema).catch((error) => {
    if (isEarnestError(error) && error.code === 'offer_unknown') return undefined
    throw error
  })
  if (!offer || offer.status === 'accepted') return
  await register({ pact, offer, person: await person() })
}

async function register({
  pact,
  offer,
  person,
}: {
  pact: Pact
  offer: OfferRecord
  person: Person
}): Promise<void> {
  const { sellerSignature, pactHash } = offer
  const bySeller = { pact, did: pact.seller.did, signature: sellerSignature }
  // A rotated key is the oracle's to resolve; for the first one we look ourselves.
  if (!verifyPactSignature(bySeller))
    say('The seller signed with a newer key; the oracle checks it.')
  const terms = encodePact(pact)
  const body = {
    pactHash,
    buyerDid: pact.buyer.did,
    sellerDid: pact.seller.did,
    buyerSignature: await person.sign({ type: 'pact', body: terms }),
    sellerSignature,
    terms,
  }
  await write(person, '/pacts', { body, answer: pactRecordSchema })
}

/** A verb of the buyer that has no arguments of its own. */
async function act(trade: Trade, verb: 'release' | 'escalate'): Promise<void> {
  const { pact, milestone } = trade
  say('Connecting your wallet.')
  const wallet = await trade.wallet()
  const context = await contextOf(trade, wallet)
  const { validBefore } = context
  const typedData = verb === 'release' ? releaseTypedData(context) : escalateTypedData(context)
  say('Your wallet asks for one signature.')
  const authorization = encodeAuthorization({
    validBefore,
    signature: await wallet.sign(typedData),
  })
  const terms = termsFromPact({ pact, milestone })
  const call =
    verb === 'release'
      ? ({ functionName: 'release', args: [terms, authorization] } as const)
      : ({ functionName: 'escalate', args: [terms, wallet.address, authorization] } as const)
  await bring(trade, { wallet, data: encodeFunctionData({ abi: pactEscrowAbi, ...call }) })
}

async function balanceOf(wallet: Wallet, token: Hex): Promise<bigint> {
  const data = encodeFunctionData({
    abi: [
      {
        type: 'function',
        name: 'balanceOf',
        stateMutability: 'view',
        inputs: [{ name: 'owner', type: 'address' }],
        outputs: [{ name: '', type: 'uint256' }],
      },
    ],
    args: [wallet.address],
  })
  return hexToBigInt(await wallet.read({ to: token, data }))
}
