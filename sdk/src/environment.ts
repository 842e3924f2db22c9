import { type Hex, hexToBytes } from 'viem'
import { EarnestError } from './protocol/error.ts'
import { createIdentity, type Identity } from './protocol/identity.ts'

/** 32 bytes in hex. */
const SECRET = /^(0x)?[0-9a-fA-F]{64}$/

/** An agent as its environment names it. */
export interface AgentEnvironment {
  identity: Identity
  /** For an oracle behind a gateway that wants one; undefined: none is sent. */
  apiKey: string | undefined
}

/**
 * Reads an agent out of environment variables by the source document's names: `AGENT_PRIVATE_KEY` (the
 * Ed25519 secret, 32 bytes in hex), `AGENT_DID` (optional; must be that key's own) and `ARMALO_API_KEY`
 * (optional). What is wrong is said in one line that says how to mend it, and never with a value.
 * Throws `missing_private_key`, `invalid_private_key`, `agent_did_mismatch`, `invalid_api_key`.
 * @param env Such as `process.env`: the library reads none by itself.
 */
export function readAgentEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): AgentEnvironment {
  const secret = env.AGENT_PRIVATE_KEY?.trim() ?? ''
  if (secret === '') {
    const fix =
      'AGENT_PRIVATE_KEY is not set. Make one: export AGENT_PRIVATE_KEY=$(openssl rand -hex 32)'
    throw new EarnestError('missing_private_key', fix)
  }
  if (!SECRET.test(secret)) {
    const fix = 'AGENT_PRIVATE_KEY must be 64 hex characters: the 32 bytes of an Ed25519 secret'
    throw new EarnestError('invalid_private_key', fix)
  }
  const identity = createIdentity({ secretKey: hexToBytes(`0x${secret.replace(/^0x/, '')}`) })
  const did = env.AGENT_DID?.trim() || identity.did
  if (did !== identity.did) {
    const fix = `AGENT_DID is not the DID of AGENT_PRIVATE_KEY. Unset it, or set AGENT_DID=${identity.did}`
    throw new EarnestError('agent_did_mismatch', fix)
  }
  const apiKey = env.ARMALO_API_KEY?.trim() || undefined
  if (apiKey !== undefined && !/^[\x21-\x7e]{1,500}$/.test(apiKey)) {
    const fix = 'ARMALO_API_KEY must be printable ASCII without spaces: copy it anew'
    throw new EarnestError('invalid_api_key', fix)
  }
  return { identity, apiKey }
}

/**
 * The key of the wallet that pays or is paid, out of `EARNEST_WALLET_KEY`; never with a value in an error.
 * Throws `missing_wallet_key`, `invalid_wallet_key`.
 * @example
 * const account = privateKeyToAccount(readWalletKey(process.env))
 */
export function readWalletKey(env: Readonly<Record<string, string | undefined>>): Hex {
  const key = env.EARNEST_WALLET_KEY?.trim() ?? ''
  if (key === '') throw new EarnestError('missing_wallet_key', 'EARNEST_WALLET_KEY is not set')
  if (!SECRET.test(key)) {
    throw new EarnestError('invalid_wallet_key', 'EARNEST_WALLET_KEY must be 64 hex characters')
  }
  return `0x${key.replace(/^0x/, '')}`
}
