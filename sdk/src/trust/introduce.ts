import { EarnestError } from '../protocol/error.ts'
import type { OracleInfo } from '../protocol/route.ts'
import type { OracleClient } from './oracle.ts'

/** What an oracle says of itself. Throws `oracle_mismatch` for another oracle under its address. */
export async function introduce(oracle: OracleClient): Promise<OracleInfo> {
  const info = await oracle.call('getOracle', {})
  if (info.did !== oracle.did) {
    throw new EarnestError('oracle_mismatch', 'Another oracle answers under this address', {
      details: { got: info.did, want: oracle.did },
    })
  }
  return info
}
