import { type bondVaultAbi, pactEscrowAbi } from '@earnest/contracts'

const [terms] =
  pactEscrowAbi.find((item) => 'name' in item && item.name === 'release')?.inputs ?? []
/** `uint8:state` is one value and its name. */
const of = (...values: string[]) =>
  values.map((value) => {
    const [type, name] = value.split(':')
    return { type, name }
  })
const claimed = of(
  'bytes32:id',
  'address:buyer',
  'bytes32:claimHash',
  'uint256:stake',
  'uint256:end',
)

/**
 * What a claim needs of the vault's ABI, entry by entry as `bondVaultAbi` has it: the buyer's bundle carries
 * no more of the vault than that.
 */
export const claimAbi = [
  {
    type: 'function',
    name: 'claim',
    inputs: [terms, ...of('bytes32:claimHash', 'uint256:validBefore', 'bytes:signature')],
    outputs: [],
    stateMutability: 'nonpayable',
  },
  {
    type: 'function',
    name: 'reservationOf',
    inputs: [terms],
    outputs: of('uint8:'),
    stateMutability: 'view',
  },
  {
    type: 'function',
    name: 'claimOf',
    inputs: of('bytes32:id'),
    outputs: [
      { type: 'tuple', name: '', components: of('uint8:state', 'uint40:end', 'uint64:stake') },
    ],
    stateMutability: 'view',
  },
  {
    type: 'event',
    name: 'Claimed',
    inputs: claimed.map((each, at) => ({ ...each, indexed: at < 2 })),
    anonymous: false,
  },
  { type: 'error', name: 'AfterReview', inputs: of('uint256:timestamp', 'uint256:end') },
  { type: 'error', name: 'NotReserved', inputs: of('bytes32:id') },
  { type: 'error', name: 'NotBuyer', inputs: of('address:sender', 'address:buyer') },
] as unknown as typeof bondVaultAbi
