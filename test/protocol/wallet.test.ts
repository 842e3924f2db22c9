import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  bindWallet,
  verifyWalletBinding,
  type WalletBinding,
  type WalletBindingBody,
  walletBindingSchema,
} from '@earnest/sdk/protocol'
import { assertCodeLater } from './code.ts'
import { keyNumber, otherWallet, wallet } from './identity.ts'

const identity = keyNumber(0)
const body: WalletBindingBody = {
  did: identity.did,
  wallet: wallet.address,
  chainId: 31_337,
  issuedAt: 1_776_000_000,
  nonce: '8f14e45f-ceea-467f-9bd5-0c1b2a3d4e5f',
}

const bind = (account = wallet, of = body) =>
  bindWallet({ identity, body: of, signWallet: (typedData) => account.signTypedData(typedData) })

describe('wallet', () => {
  test('agent and wallet name each other', async () => {
    const binding = await bind()
    await verifyWalletBinding(binding)
    const wire = walletBindingSchema.encode(binding)
    await verifyWalletBinding(walletBindingSchema.decode(wire))
  })

  const changes: [string, Partial<WalletBinding['body']>][] = [
    ['another agent', { did: keyNumber(1).did }],
    ['another wallet', { wallet: otherWallet.address }],
    ['another chain', { chainId: 8453 }],
    ['another time', { issuedAt: 1 }],
    ['another nonce', { nonce: '8f14e45f-ceea-467f-9bd5-0c1b2a3d4e60' }],
  ]
  for (const [name, change] of changes) {
    test(`refuses ${name} under the same signatures`, async () => {
      const binding = await bind()
      const bent = { ...binding, body: { ...body, ...change } }
      await assertCodeLater(verifyWalletBinding(bent), 'invalid_wallet_binding')
    })
  }

  test('one direction alone is nothing', async () => {
    const binding = await bind()
    const stranger = await bind(otherWallet)
    const taken = { ...binding, walletSignature: stranger.walletSignature }
    await assertCodeLater(verifyWalletBinding(taken), 'invalid_wallet_binding')
    const unsigned = { ...binding, signature: '00'.repeat(64) }
    await assertCodeLater(verifyWalletBinding(unsigned), 'invalid_wallet_binding')
    const empty = { ...binding, walletSignature: '0x' as const }
    await assertCodeLater(verifyWalletBinding(empty), 'invalid_wallet_binding')
  })

  test('an identity does not bind for another', async () => {
    const other = { ...body, did: keyNumber(1).did }
    await assertCodeLater(bind(wallet, other), 'invalid_wallet_binding')
  })

  test('a smart wallet answers through the injected verifier, with chain and typed data', async () => {
    const binding = { ...(await bind()), walletSignature: '0x1271' as const }
    await verifyWalletBinding(binding, {
      verifyWallet: async ({ wallet: asked, chainId, typedData, signature }) => {
        assert.equal(asked, wallet.address)
        assert.equal(chainId, 31_337)
        assert.equal(typedData.primaryType, 'WalletBinding')
        return signature === '0x1271'
      },
    })
  })
})
