import type { Relay } from './escrow/client.ts'
import type { OracleClient } from './trust/oracle.ts'

/** An oracle's relay: it sends what its agent has signed and pays the gas. */
export function relayOf(oracle: OracleClient): Relay {
  return async (data) => {
    // On the wire bytes are in lower case.
    const body = { data: data.toLowerCase() as `0x${string}` }
    return (await oracle.call('relay', { body })).txHash
  }
}
