import assert from 'node:assert/strict'
import { committeeAbi, pactArbiterAbi } from '@earnest/contracts'
import {
  drawPanel,
  drawSeed,
  escrowId,
  packLadder,
  plantPool,
  poolTypedData,
  proposalTypedData,
  seedBlockOf,
  voteCommitment,
} from '@earnest/sdk/protocol'
import {
  type Abi,
  type Address,
  erc20Abi,
  type HDAccount,
  type Hex,
  keccak256,
  numberToHex,
} from 'viem'
import { localAccount } from '../../local/chain.ts'
import { attestorProof, buyer, FEE, type Market, relayer, seller } from './market.ts'
import { mark, stage } from './stage.ts'

const MEMBERS = 1000
/** Of these only so many are staked, enough for every seed: the leaves of the others carry no weight. */
const STAKED = 40
const BOND = 7_000_000n
const DOMAIN = mark('committee')
/** Derived once: a derivation takes long enough for the chain to hang up. */
const accounts = Array.from({ length: STAKED }, (_, i) => localAccount(200 + i))
function member(index: number): HDAccount {
  const account = accounts[index % STAKED]
  assert.ok(account)
  return account
}

/** The whole path of a committee of seven, from the draw to the executed split; gas by step and in all. */
export async function measureCommittee(market: Market): Promise<Record<string, number>> {
  const { client, arbiter, chainId, token } = market
  const committee = await client.readContract({
    abi: pactArbiterAbi,
    address: arbiter,
    functionName: 'committee',
  })
  const send = (sender: HDAccount, verb: string, args: unknown[]) =>
    market.write(sender, committee, committeeAbi as Abi, verb, args)
  const approve = (owner: HDAccount, spender: Address) =>
    market.write(owner, token, erc20Abi as Abi, 'approve', [spender, 2n ** 255n])

  // A pool of a thousand leaves, so that proofs are as long as in life.
  for (let i = 0; i < STAKED; i += 1) {
    const { address } = member(i)
    await client.setBalance({ address, value: 10n ** 18n })
    await market.write(seller, token, erc20Abi as Abi, 'transfer', [address, 250_000_000n])
    await approve(member(i), committee)
    await send(member(i), 'join', [])
  }
  const pool = plantPool(
    Array.from({ length: MEMBERS }, (_, i) => ({
      member: member(i).address,
      weight: i < STAKED ? 1000n + BigInt(i) : 0n,
      trades: 10,
    })),
  )
  const anchor = { number: 1n, domain: DOMAIN, root: pool.root, total: pool.total }
  const poolProof = await attestorProof(
    poolTypedData({ ...anchor, members: BigInt(MEMBERS), chainId, committee }),
    2,
  )
  await send(relayer, 'anchorPool', [DOMAIN, pool.root, pool.total, MEMBERS, poolProof])

  // Funded, delivered, disputed by the seller, proposed by the jury, appealed by the buyer.
  const ladder = packLadder({
    juryLimit: 21_600,
    appealWindow: 43_200,
    committeeLimit: 144_000,
    moderatorLimit: 0,
    appealBond: BOND,
    pool: 1,
  })
  const terms = { ...(await market.trade()).terms, ladder: `0x${ladder}` as Hex }
  const trade = { terms, id: escrowId({ terms, chainId, contract: market.escrow }) }
  await market.warp((await market.now()) + 60)
  await (await stage.fund(market, trade))()
  await (await stage.deliver(market, trade))()
  await approve(seller, market.escrow)
  await market.send(seller, 'dispute', [trade.terms, seller.address, mark('claim'), '0x', '0x'])
  const split = { round: 1n, sellerBps: 6000n, recordHash: mark('record') }
  const proposal = await attestorProof(
    proposalTypedData({ ...split, escrowId: trade.id, chainId, contract: market.escrow }),
    2,
  )
  const judge = (sender: HDAccount, verb: string, args: unknown[]) =>
    market.write(sender, arbiter, pactArbiterAbi as Abi, verb, args)
  const propose = await judge(relayer, 'propose', [trade.terms, 6000n, mark('record'), proposal])
  await approve(buyer, arbiter)
  const appeal = await judge(buyer, 'appeal', [trade.terms, buyer.address, 0n, '0x'])

  // Draw.
  const { openBlock, phase } = await client.readContract({
    abi: committeeAbi,
    address: committee,
    functionName: 'panelOf',
    args: [trade.id, 0n],
  })
  await client.mine({ blocks: 66, interval: 2 })
  const seedBlock = seedBlockOf({
    openBlock: BigInt(openBlock),
    blockNumber: (await client.getBlockNumber()) + 1n,
  })
  assert.ok(seedBlock)
  const { hash } = await client.getBlock({ blockNumber: seedBlock })
  assert.ok(hash)
  const seed = drawSeed({ blockHash: hash, escrowId: trade.id, panel: 0n })
  const { leaves, order, drawn } = drawPanel({ seed, pool, maySit: () => true })
  const draw = await send(relayer, 'draw', [trade.terms, 0n, leaves, order, []])

  // Commit and reveal: seven transactions each.
  const key = (address: Address) => {
    const found = accounts.find((each) => each.address === address)
    assert.ok(found)
    return found
  }
  await market.warp((await market.now()) + phase)
  const votes = [2000n, 3000n, 3000n, 3000n, 4000n, 5000n, 9000n]
  const salt = (seat: number) => keccak256(numberToHex(seat, { size: 32 }))
  let commit = 0n
  for (const [seat, sellerBps] of votes.entries()) {
    const voter = key(drawn[seat] as Address)
    const commitment = voteCommitment({
      chainId,
      arbiter,
      escrowId: trade.id,
      panel: 0n,
      voter: voter.address,
      sellerBps,
      salt: salt(seat),
    })
    commit += await send(voter, 'commit', [trade.id, 0n, drawn, BigInt(seat), commitment])
  }
  let reveal = 0n
  for (const [seat, sellerBps] of votes.entries()) {
    const voter = key(drawn[seat] as Address)
    reveal += await send(voter, 'reveal', [trade.id, 0n, BigInt(seat), sellerBps, salt(seat)])
  }

  // Execute: the median, 30 %, won by the appellant; the fee pays the panel, the bond what it lacks.
  const execute = await judge(relayer, 'execute', [trade.terms, drawn, []])
  const { state } = await client.readContract({
    abi: [
      {
        type: 'function',
        name: 'escrowOf',
        stateMutability: 'view',
        inputs: [{ name: 'id', type: 'bytes32' }],
        outputs: [{ name: 'state', type: 'tuple', components: [{ name: 'state', type: 'uint8' }] }],
      },
    ] as const,
    address: market.escrow,
    functionName: 'escrowOf',
    args: [trade.id],
  })
  assert.equal(state, 8, 'resolved')
  const { credit } = await client.readContract({
    abi: committeeAbi,
    address: committee,
    functionName: 'memberOf',
    args: [drawn[0] as Address],
  })
  const cost = await client.readContract({
    abi: pactArbiterAbi,
    address: arbiter,
    functionName: 'panelCost',
  })
  assert.ok(cost > FEE)
  assert.equal(credit, cost / 7n, 'the panel is paid its cost')
  assert.equal(
    await client.readContract({
      abi: pactArbiterAbi,
      address: arbiter,
      functionName: 'creditOf',
      args: [buyer.address],
    }),
    BOND - (cost - FEE),
    'the rest of the bond returns',
  )

  const path = draw + commit + reveal + execute
  assert.ok(path < 1_500_000n, `the committee path costs ${path}`)
  return {
    propose: Number(propose),
    appeal: Number(appeal),
    committeeDraw: Number(draw),
    committeeCommit7: Number(commit),
    committeeReveal7: Number(reveal),
    committeeExecute: Number(execute),
    committeePath: Number(path),
  }
}
