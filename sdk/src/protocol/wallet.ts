import type { Hex, TypedDataDefinition } from 'viem'
import { hashTypedData, recoverAddress } from 'viem'
import * as z from 'zod'
import { address, bytes, chainId, isSameAddress } from './address.ts'
import { encode } from './decode.ts'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import type { Identity } from './identity.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { signature, verifyBody } from './signature.ts'
import { utc } from './time.ts'

/** EIP-712 domain of what a wallet says about an agent; the chain stands in the message. */
export const IDENTITY_DOMAIN = { name: 'Earnest Identity', version: '1' } as const

/** Asks whether a wallet signed typed data; inject one that reads the chain for smart wallets (ERC-1271). */
export type WalletVerifier = (question: {
  wallet: `0x${string}`
  chainId: number
  typedData: TypedDataDefinition
  signature: Hex
}) => Promise<boolean>

/** Who signed a digest, by both: whoever trades often shows the same card, and recovering is dear. */
const signers = new Map<string, string>()
const MAX_SIGNERS = 1_024

/** Plain keys only: recovers the address, never calls a chain. */
export const verifyEcdsa: WalletVerifier = async ({ wallet, typedData, signature }) => {
  try {
    return isSameAddress(await signerOf(hashTypedData(typedData), signature), wallet)
  } catch {
    return false
  }
}

async function signerOf(hash: Hex, signature: Hex): Promise<string> {
  const name = `${hash}/${signature}`
  const known = signers.get(name)
  if (known !== undefined) return known
  const signer = await recoverAddress({ hash, signature })
  if (signers.size >= MAX_SIGNERS) signers.clear()
  signers.set(name, signer)
  return signer
}

/** What agent and wallet say about each other. */
export const walletBindingBodySchema = z.strictObject({
  did,
  wallet: address,
  /** A smart wallet may have other owners on another chain. */
  chainId,
  issuedAt: utc,
  nonce: z.uuid().lowercase(),
})
export type WalletBindingBody = z.output<typeof walletBindingBodySchema>

/** The two-way statement: Ed25519 over the wallet, EIP-712 by the wallet over the DID. */
export const walletBindingSchema = z.strictObject({
  body: walletBindingBodySchema,
  signature,
  walletSignature: bytes,
})
export type WalletBinding = z.output<typeof walletBindingSchema>

/** What the wallet signs (EIP-712). */
export function walletBindingTypedData(body: WalletBindingBody) {
  return {
    domain: IDENTITY_DOMAIN,
    types: {
      WalletBinding: [
        { name: 'did', type: 'string' },
        { name: 'wallet', type: 'address' },
        { name: 'chainId', type: 'uint256' },
        { name: 'issuedAt', type: 'uint256' },
        { name: 'nonce', type: 'string' },
      ],
    },
    primaryType: 'WalletBinding',
    message: {
      did: body.did,
      wallet: body.wallet,
      chainId: BigInt(body.chainId),
      issuedAt: BigInt(body.issuedAt),
      nonce: body.nonce,
    },
  } as const satisfies TypedDataDefinition
}

/** Makes the two-way statement; `signWallet` is the wallet's EIP-712 signer. Throws `invalid_wallet_binding`. */
export async function bindWallet(options: {
  identity: Identity
  body: WalletBindingBody
  signWallet: (typedData: ReturnType<typeof walletBindingTypedData>) => Promise<Hex>
}): Promise<WalletBinding> {
  const { identity, body, signWallet } = options
  if (identity.did !== body.did) {
    throw new EarnestError('invalid_wallet_binding', 'The body names another agent')
  }
  const wire = encode(walletBindingBodySchema, body, 'invalid_wallet_binding')
  return {
    body,
    signature: identity.sign({ type: 'wallet-binding', body: wire }),
    walletSignature: await signWallet(walletBindingTypedData(body)),
  }
}

/** Checks both directions. Throws `invalid_wallet_binding`, or what the key resolver throws. */
export async function verifyWalletBinding(
  binding: WalletBinding,
  options: { keyOf?: KeyResolver; verifyWallet?: WalletVerifier } = {},
): Promise<void> {
  const { keyOf = ownKey, verifyWallet = verifyEcdsa } = options
  const { body } = binding
  const publicKey = keyOf(body.did, body.issuedAt)
  const wire = encode(walletBindingBodySchema, body, 'invalid_wallet_binding')
  if (
    !verifyBody({ type: 'wallet-binding', body: wire, signature: binding.signature, publicKey })
  ) {
    throw new EarnestError('invalid_wallet_binding', 'Not signed by the agent')
  }
  const { wallet, chainId } = body
  const typedData = walletBindingTypedData(body)
  const consent = { wallet, chainId, typedData, signature: binding.walletSignature }
  if (!(await verifyWallet(consent))) {
    throw new EarnestError('invalid_wallet_binding', 'Not signed by the wallet')
  }
}
