import { createMember, createMemoryStore, type Member } from '@earnest/sdk/member'
import { createIdentity, type Registration } from '@earnest/sdk/protocol'
import { hexToBytes } from 'viem'
import { fundGas } from '../local/chain.ts'
import { localSecret } from '../local/oracle.ts'
import { localParty } from '../local/party.ts'
import { mintUsdc } from '../local/usdc.ts'
import type { Stage } from './stage.ts'

/** Three panels of seven, without which no pool is anchored. */
const COUNT = 21
/** What a member stakes, base units. */
export const MEMBER_STAKE = 250_000_000n

const names = Array.from({ length: COUNT }, (_, i) => `member/${i}`)
export const didOf = (name: string) =>
  createIdentity({ secretKey: hexToBytes(localSecret(`${name}/identity`)) }).did

/** DIDs of the agents that will sit. */
export const memberDids = names.map(didOf)

/** Twenty-one agents register, stake and join; each votes by its own view of the case. */
export async function seatMembers(
  stage: Stage,
  voteOf: (index: number) => number,
): Promise<Member[]> {
  const { chain, deployment, clock } = stage
  const partyOf = (name: string) =>
    localParty({ name, rpcUrl: chain.url, oracle: stage.oracle, clock })
  const owners = names.map((name) => partyOf(name).account.address)
  await Promise.all(owners.map((owner) => fundGas(chain.client, owner)))
  await mintUsdc(chain.client, { token: deployment.token, to: owners, amount: MEMBER_STAKE })
  const seat = async (name: string, index: number): Promise<Member> => {
    const party = partyOf(name)
    const { identity, wallet, oracle } = party
    const registration: Registration = {
      did: identity.did,
      name: `Peer ${index + 1}`,
      description: 'Values companies, and sits on the committee for those who do',
      endpoint: `https://peer-${index + 1}.example/a2a`,
      capabilities: ['dcf_modeling'],
      inputFormats: ['application/json'],
      outputFormats: ['application/json'],
      pricing: { perTask: 10_000_000n, complex: 50_000_000n },
      binding: await party.bind(),
    }
    await oracle.call('registerAgent', { body: registration })
    const member = createMember({
      wallet,
      chainId: deployment.chainId,
      contract: deployment.escrow,
      arbiter: deployment.arbiter,
      token: deployment.token,
      store: createMemoryStore(),
      policy: () => voteOf(index),
      oracle,
    })
    await member.join()
    return member
  }
  return await Promise.all(names.map(seat))
}
