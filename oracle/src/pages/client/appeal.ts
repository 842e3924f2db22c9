import { pactArbiterAbi } from '@earnest/contracts'
import {
  appealTypedData,
  courtRoutes,
  EarnestError,
  termsFromPact,
  unpackLadder,
} from '@earnest/sdk/protocol'
import { encodeFunctionData } from 'viem'
import { read, readOracle } from './api.ts'
import { bring, contextOf, type Trade } from './bring.ts'
import { say } from './say.ts'

/** Appeals the standing proposal: one signature of the wallet pays the bond and appeals. */
export async function appeal(trade: Trade): Promise<void> {
  const { pact, milestone, escrowId } = trade
  const bond = unpackLadder(pact.escrow.ladder)?.appealBond
  if (!bond) throw new EarnestError('no_such_rung', 'Nothing to appeal to')
  say('Connecting your wallet.')
  const [wallet, oracle] = [await trade.wallet(), await readOracle()]
  const { chainId, arbiter, token } = pact.escrow
  const { validBefore } = await contextOf(trade, wallet)
  const ref = { address: token, name: oracle.tokenName, version: oracle.tokenVersion }
  say('Your wallet asks for one signature: it puts down the bond and appeals.')
  const by = wallet.address
  const terms = { chainId, arbiter, escrowId, by, bond, validBefore, token: ref }
  const signature = await wallet.sign(appealTypedData(terms))
  const data = encodeFunctionData({
    abi: pactArbiterAbi,
    functionName: 'appeal',
    args: [termsFromPact({ pact, milestone }), by, validBefore, signature],
  })
  const isDone = async () => {
    const { getDocket } = courtRoutes
    const docket = await read(`/disputes/${escrowId}/docket`, getDocket.response)
    return docket.appeal !== null
  }
  await bring(trade, { wallet, data, to: arbiter, isDone })
}
