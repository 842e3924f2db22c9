import { bondVaultAbi, pactArbiterAbi, pactEscrowAbi } from '@earnest/contracts'
import { EarnestError } from '@earnest/sdk/protocol'
import {
  AbiDecodingDataSizeTooSmallError,
  type Address,
  BaseError,
  ContractFunctionZeroDataError,
  isAddressEqual,
  type PublicClient,
  zeroAddress,
} from 'viem'
import { revertCode } from './revert.ts'

/** The contracts that an oracle is told to serve; without bonds the vault is the zero address. */
export type Contracts = {
  escrow: Address
  token: Address
  vault: Address
  /** The default one first. */
  arbiters: readonly Address[]
}

/**
 * Refuses contracts that do not belong together, before anything is signed for them; an arbiter may be
 * anybody's and need not say whose it is. Gives those of our keys that the default arbiter has no seat for:
 * what they attest counts nowhere.
 * @throws EarnestError `chain_unreachable` (retryable), `wrong_contract` with the setting and the address.
 */
export async function checkContracts(
  client: Pick<PublicClient, 'getCode' | 'readContract'>,
  { escrow, token, vault, arbiters }: Contracts,
  keys: readonly Address[],
): Promise<Address[]> {
  const hasVault = !isAddressEqual(vault, zeroAddress)
  const addresses: [setting: string, address: Address][] = [
    ['EARNEST_ESCROW', escrow],
    ['EARNEST_TOKEN', token],
    ...(hasVault ? [['EARNEST_VAULT', vault] as [string, Address]] : []),
    ...arbiters.map((arbiter) => ['EARNEST_ARBITERS', arbiter] as [string, Address]),
  ]
  const codes = await Promise.all(
    addresses.map(([, address]) => client.getCode({ address })),
  ).catch(refuse)
  for (const [index, [setting, address]] of addresses.entries()) {
    if (!codes[index]) throw wrong(setting, address, 'has no code on this chain')
  }

  /** Undefined where the contract has no such answer. */
  const read = <T>(call: object): Promise<T | undefined> =>
    client.readContract(call as never).catch((error: unknown) => {
      return isForeign(error) ? undefined : refuse(error)
    }) as Promise<T | undefined>
  const same = (one: Address | undefined, other: Address) =>
    one !== undefined && isAddressEqual(one, other)
  if (!same(await read({ address: escrow, abi: pactEscrowAbi, functionName: 'token' }), token)) {
    throw wrong('EARNEST_ESCROW', escrow, 'is no escrow of EARNEST_TOKEN')
  }
  if (
    hasVault &&
    !same(await read({ address: vault, abi: bondVaultAbi, functionName: 'escrow' }), escrow)
  ) {
    throw wrong('EARNEST_VAULT', vault, 'is no vault of EARNEST_ESCROW')
  }
  const [arbiter = zeroAddress] = arbiters
  const of = { address: arbiter, abi: pactArbiterAbi }
  const ruled = await read<Address>({ ...of, functionName: 'escrow' })
  if (ruled === undefined) return []
  if (!same(ruled, escrow)) throw wrong('EARNEST_ARBITERS', arbiter, 'is of another escrow')
  const seats = await read<{ key: Address }[]>({ ...of, functionName: 'attestors' })
  if (seats === undefined) return []
  return keys.filter((key) => !seats.some((seat) => isAddressEqual(seat.key, key)))
}

/** True where the contract is another one, and not where its node did not answer. */
function isForeign(error: unknown): boolean {
  const isOne = (cause: unknown) =>
    cause instanceof ContractFunctionZeroDataError ||
    cause instanceof AbiDecodingDataSizeTooSmallError
  const isOther = error instanceof BaseError && error.walk(isOne) !== null
  return isOther || revertCode(error) !== undefined
}

function refuse(cause: unknown): never {
  throw new EarnestError('chain_unreachable', 'EARNEST_RPC_URL does not answer', {
    retryable: true,
    cause,
  })
}

function wrong(setting: string, address: Address, why: string): EarnestError {
  return new EarnestError('wrong_contract', `${setting} ${address} ${why}`, {
    details: { setting, address },
  })
}
