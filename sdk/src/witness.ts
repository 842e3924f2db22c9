import type { Agent } from './discovery/discover.ts'
import { EarnestError } from './protocol/error.ts'
import type { KeyResolver } from './protocol/key.ts'
import type { SignedPact } from './protocol/pact.ts'
import type { OracleInfo } from './protocol/route.ts'
import type { Attestation, Settlement } from './protocol/settlement.ts'
import { verifyWalletBinding, type WalletVerifier } from './protocol/wallet.ts'
import { registrationOf } from './registration.ts'
import { introduce } from './trust/introduce.ts'
import type { OracleClient } from './trust/oracle.ts'

/** Seconds until an ending is final, two blocks: before that no oracle writes it down. */
const FINAL_AFTER = 5
/** Seconds for which what an oracle says of itself is not asked again, unless it refuses a pact. */
const KNOWN_FOR = 30

/** The oracle that witnesses a buyer's trades, asked so that its answers can be used. */
export interface Witness {
  /** What the oracle says of itself. Throws `oracle_mismatch` for another oracle under its address. */
  info(): Promise<OracleInfo>
  /** The seller's wallet on this chain: from its card, else from the record that it signed. Throws `seller_wallet_unknown`. */
  sellerWallet(agent: Agent, chainId: number): Promise<`0x${string}`>
  /** Registers a pact with the bytes of its checkers. Throws the oracle's codes, `pact_hash_mismatch`. */
  register(signed: SignedPact, deposits: readonly string[]): Promise<void>
  /** The portable record of a settlement; undefined where the oracle has not written it yet. */
  attestationOf(settlement: Settlement): Promise<Attestation | undefined>
}

/** Makes the witness of one oracle. */
export function createWitness({
  oracle,
  keyOf,
  verifyWallet,
  pollIntervalMs,
}: {
  oracle: OracleClient
  keyOf: KeyResolver | undefined
  verifyWallet: WalletVerifier | undefined
  pollIntervalMs: number
}): Witness {
  let known: { info: OracleInfo; at: number } | undefined
  return {
    async info() {
      const now = oracle.clock.now()
      if (known === undefined || now < known.at || now >= known.at + KNOWN_FOR) {
        known = { info: await introduce(oracle), at: now }
      }
      return known.info
    },

    async sellerWallet(agent, chainId) {
      if (agent.wallet !== undefined && agent.wallet.chainId === chainId) {
        return agent.wallet.address
      }
      const record = await oracle.call('getAgent', { params: { did: agent.did ?? '' } })
      const { binding } = record
      if (binding.body.did !== agent.did || binding.body.chainId !== chainId) {
        throw new EarnestError('seller_wallet_unknown', 'No wallet is proven to be the seller’s')
      }
      await verifyWalletBinding(binding, {
        ...(keyOf && { keyOf }),
        ...(verifyWallet && { verifyWallet }),
      })
      return binding.body.wallet
    },

    async register(signed, deposits) {
      const { body } = registrationOf(signed, deposits)
      const idempotencyKey = signed.pactHash
      const record = await oracle.call('registerPact', { body, idempotencyKey }).catch((error) => {
        // It may want other terms than it did.
        known = undefined
        throw error
      })
      if (record.pactId !== signed.pactHash) {
        throw new EarnestError('pact_hash_mismatch', 'The oracle registered something else')
      }
    },

    async attestationOf({ seller, escrowId, settledAt }) {
      const params = { id: seller }
      // The oracle writes it when the ending is final; its paper can also be fetched another time.
      const isNew = oracle.clock.now() < settledAt + FINAL_AFTER
      const pause = () => new Promise((resolve) => setTimeout(resolve, pollIntervalMs))
      if (isNew) await pause()
      for (let attempt = 0; attempt < 5; attempt++) {
        if (isNew || attempt > 0) await pause()
        const found = await oracle
          .call('listAttestations', { params, query: { escrowId } })
          .then(({ attestations }) =>
            attestations.find(({ settlement }) => settlement.escrowId === escrowId),
          )
          .catch(() => undefined)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}
