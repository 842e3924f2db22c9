import { type Hex, keccak256, stringToHex } from 'viem'
import { localKey } from './chain.ts'
import type { Deployment } from './deploy.ts'

/** Local accounts whose keys attest, two of the three together. */
export const attestorIndexes = [7, 8, 9]

/** A key that anybody can derive from a name: fit for this machine only. */
export function localSecret(name: string): Hex {
  return keccak256(stringToHex(`earnest/local/${name}`))
}

/** The environment of an oracle process on a local chain. */
export function oracleEnvironment({
  rpcUrl,
  deployment,
  data,
  port = 0,
}: {
  rpcUrl: string
  deployment: Deployment
  /** Folder of the embedded database and the artifacts. */
  data: string
  port?: number
}): Record<string, string> {
  return {
    EARNEST_RPC_URL: rpcUrl,
    EARNEST_ESCROW: deployment.escrow,
    EARNEST_TOKEN: deployment.token,
    EARNEST_ARBITERS: deployment.arbiter,
    EARNEST_VAULT: deployment.vault,
    EARNEST_FEE_RECIPIENTS: deployment.feeRecipient,
    EARNEST_START_BLOCK: String(deployment.startBlock),
    EARNEST_ORACLE_KEY: localSecret('oracle'),
    EARNEST_SENDER_KEY: localKey(3),
    EARNEST_ATTESTOR_KEYS: attestorIndexes.map(localKey).join(','),
    EARNEST_ARTIFACT_KEY: localSecret('artifacts'),
    EARNEST_DATA: data,
    EARNEST_PORT: String(port),
    EARNEST_POLL_MS: '100',
    // A draw by chance would make no two runs alike.
    EARNEST_SPOT_BPS: '0',
    EARNEST_LOG: 'warn',
  }
}
