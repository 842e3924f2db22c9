import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Abi, Address, Hex, LocalAccount, WalletClient } from 'viem'
import { toAccount } from 'viem/accounts'
import type { LocalClient } from '../../../scripts/local/chain.ts'

const solc = createRequire(import.meta.url)('solc') as { compile(input: string): string }

const SOURCE = 'test/contracts/support/SmartWallet.sol'

/** A wallet that is a contract: it signs by ERC-1271 what its owner signs, and sends nothing itself. */
export async function deploySmartWallet(
  client: LocalClient,
  owner: LocalAccount,
): Promise<{ address: Address; account: LocalAccount; abi: Abi }> {
  const output = JSON.parse(
    solc.compile(
      JSON.stringify({
        language: 'Solidity',
        sources: { [SOURCE]: { content: readFileSync(SOURCE, 'utf8') } },
        settings: { outputSelection: { '*': { SmartWallet: ['abi', 'evm.bytecode.object'] } } },
      }),
    ),
  )
  const { abi, evm } = output.contracts[SOURCE].SmartWallet
  const bytecode = `0x${evm.bytecode.object}` as Hex
  const hash = await client.deployContract({ abi, bytecode, args: [owner.address] })
  const { contractAddress: address } = await client.waitForTransactionReceipt({ hash })
  if (!address) throw new Error('the wallet was not created')
  const account = toAccount({
    address,
    signMessage: (message) => owner.signMessage(message),
    signTypedData: (typedData) => owner.signTypedData(typedData),
    signTransaction: () => Promise.reject(new Error('a contract signs no transaction')),
  })
  return { address, account, abi }
}

/** Has the owner make the smart wallet call something. */
export async function execute(
  owner: WalletClient,
  { wallet, abi, to, data }: { wallet: Address; abi: Abi; to: Address; data: Hex },
): Promise<Hex> {
  const { account, chain } = owner
  if (!account) throw new Error('no owner')
  return await owner.writeContract({
    address: wallet,
    abi,
    functionName: 'execute',
    args: [to, data],
    account,
    chain,
  })
}
