import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  bindWallet,
  verifyEcdsa,
  verifyWalletBinding,
  type WalletBinding,
  type WalletBindingBody,
  walletBindingSchema,
  walletBindingTypedData,
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

  test('what was recovered once counts for the same bytes and the same wallet only', async () => {
    const nonce = 'c9f0f895-fb98-4ab9-99f5-1fd0297e236d'
    const { walletSignature: signature } = await bind(wallet, { ...body, nonce })
    const typedData = walletBindingTypedData({ ...body, nonce })
    const question = { wallet: wallet.address, chainId: body.chainId, typedData, signature }
    // The first question is a liar's: its no is about its wallet and not about the signature.
    assert.equal(await verifyEcdsa({ ...question, wallet: otherWallet.address }), false)
    for (let times = 0; times < 2; times++) {
      assert.equal(await verifyEcdsa(question), true)
      assert.equal(await verifyEcdsa({ ...question, wallet: otherWallet.address }), false)
      assert.equal(await verifyEcdsa({ ...question, wallet: '0x' }), false)
      const others = walletBindingTypedData(body)
      assert.equal(await verifyEcdsa({ ...question, typedData: others }), false)
      const bent = `${signature.slice(0, 10)}${signature[10] === '0' ? '1' : '0'}${signature.slice(11)}`
      assert.equal(await verifyEcdsa({ ...question, signature: bent as `0x${string}` }), false)
      assert.equal(await verifyEcdsa({ ...question, signature: `${signature}00` }), false)
    }
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
