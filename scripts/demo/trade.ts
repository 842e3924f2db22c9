import { setTimeout } from 'node:timers/promises'
import {
  type BuyerOptions,
  createBuyer,
  createMemoryStore,
  type HireResult,
} from '@earnest/sdk/buyer'
import { readHistory } from '@earnest/sdk/escrow'
import { formatUsdc } from '@earnest/sdk/protocol'
import { checkPapers } from './papers.ts'
import { line, say, usdc } from './say.ts'
import type { Stage } from './stage.ts'

type Progress = Parameters<NonNullable<BuyerOptions['onProgress']>>[0]

/** What a buyer does about a delivery, in words. */
const decisions: Record<string, string> = {
  release: 'pays',
  dispute: 'objects',
  wait: 'does not pay',
}

/** A buyer that says one line for each layer it passes, and none twice. */
export function talkingBuyer(
  { buyer, clock }: Stage,
  policies: Pick<BuyerOptions, 'negotiationPolicy' | 'trustPolicy'> = {},
) {
  const said = new Set<string>()
  return createBuyer({
    identity: buyer.identity,
    wallet: buyer.wallet,
    oracles: [buyer.oracle],
    clock,
    ...policies,
    journal: createMemoryStore(),
    pollIntervalMs: 250,
    onProgress: (progress) => {
      for (const [word, text] of linesOf(progress)) {
        if (!said.has(text)) line(word, text)
        said.add(text)
      }
    },
  })
}

/** What one step of a trade is worth saying: pairs of the layer's word and what came of it. */
function* linesOf(progress: Progress): Generator<[word: string, text: string]> {
  switch (progress.step) {
    case 'discovered':
      yield ['discover', `${progress.agent.name}, ${progress.agent.did}`]
      break
    case 'assessed':
      yield ['assess', progress.assessment.reason]
      break
    case 'countered':
      yield ['negotiate', `round ${progress.round} countered: ${progress.reasonCode}`]
      break
    case 'agreed':
      yield ['negotiate', `pact ${progress.pactId} at ${usdc(progress.amountUsdc)}`]
      break
    case 'registered':
      yield ['', 'registered: hash recomputed, both signatures checked']
      break
    case 'funded':
      yield ['fund', `escrow ${progress.funded.escrowId}`]
      yield ['', `locked in block ${progress.funded.blockNumber}, ${progress.funded.txHash}`]
      break
    case 'dispatched':
      yield ['deliver', `seller answers: ${progress.status}`]
      break
    case 'delivered':
      yield ['', `artifact ${progress.artifactHash}`]
      // It may be seen on chain before its attestation is.
      if (progress.result !== 'NONE') yield ['', `attested ${progress.result} by the oracle`]
      break
    case 'verified': {
      const { verification, decision } = progress
      yield [
        'verify',
        `score ${verification.score}, so the buyer ${decisions[decision] ?? decision}`,
      ]
      break
    }
    case 'settled': {
      const { outcome, sellerUsdc, buyerUsdc, protocolFeeUsdc, txHash } = progress.settlement
      const parts = `seller ${formatUsdc(sellerUsdc)}, buyer ${formatUsdc(buyerUsdc)}`
      yield ['settle', `${outcome}: ${parts}, protocol fee ${usdc(protocolFeeUsdc)}`]
      yield ['', txHash]
      break
    }
  }
}

/** The oracle writes its attestation a moment after the chain has settled; waits for it. */
async function attested({ buyer }: Stage, result: HireResult): Promise<HireResult> {
  const { receipts, escrowId } = result
  for (let tries = 0; receipts.attestation === undefined && tries < 50; tries++) {
    await setTimeout(200)
    const { attestations } = await buyer.oracle.call('listAttestations', {
      params: { id: receipts.signed.pact.seller.did },
    })
    receipts.attestation = attestations.find(({ settlement }) => settlement.escrowId === escrowId)
  }
  return result
}

/** Prints the gas of every transaction of a trade, then checks every paper; returns what does not hold. */
export async function closeTrade(stage: Stage, result: HireResult): Promise<string[]> {
  const { chain, oracle, buyer, clock, examiner } = stage
  const events = await readHistory(buyer.wallet, result.receipts.funding.escrow)
  const steps = new Map<`0x${string}`, string[]>()
  for (const { eventName, transactionHash } of events) {
    steps.set(transactionHash, [...(steps.get(transactionHash) ?? []), eventName])
  }
  for (const [hash, names] of steps) {
    const { gasUsed } = await chain.client.getTransactionReceipt({ hash })
    line('gas', `${gasUsed.toLocaleString('en')} for ${names.join(' + ')}`)
  }
  const papers = await checkPapers({
    result: await attested(stage, result),
    chain: buyer.wallet,
    oracle: oracle.did,
    clock,
    examiner,
  })
  for (const { paper, holds, why } of papers) {
    line(holds ? 'proved' : 'NOT PROVED', `${paper}: ${why}`)
  }
  say('')
  return papers.filter(({ holds }) => !holds).map(({ paper, why }) => `${paper}: ${why}`)
}
