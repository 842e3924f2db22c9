import { EarnestError } from '@earnest/sdk/protocol'
import type { Oracle } from '../oracle.ts'
import { arbiterStatistics } from '../settlement/arbiter.ts'
import { openPackage } from '../settlement/committee/evidence.ts'
import { docketRecord, listPools, poolProof, poolRecord } from '../settlement/committee/record.ts'
import { openRecord } from '../settlement/jury/record.ts'
import type { Calls } from './call.ts'

type CourtRoute =
  | 'listPools'
  | 'getPool'
  | 'getPoolProof'
  | 'getDocket'
  | 'getPackage'
  | 'getFullRecord'
  | 'getArbiter'

/** The functions behind the routes about what stands above an escrow. */
export function createCourtCalls(oracle: Oracle): Pick<Calls, CourtRoute> {
  const { db, blobs } = oracle
  const readPaper = async (sha256: string) => {
    const blob = await blobs.find(sha256)
    if (!blob) throw new EarnestError('record_unknown', 'The package is no longer kept')
    return blobs.readWhole(blob.id)
  }
  return {
    listPools: async ({ query }) => ({ pools: await listPools(db, query.capability) }),
    getPool: ({ params }) => poolRecord(db, params.number),
    getPoolProof: ({ params }) => poolProof(db, params),
    getDocket: ({ params }) => docketRecord(oracle, params.escrowId),
    getPackage: ({ params, by }) =>
      openPackage({ ...oracle, readPaper }, { escrowId: params.escrowId, by }),
    getFullRecord: ({ params, by }) => openRecord(oracle, { escrowId: params.escrowId, by }),
    getArbiter: ({ params }) => arbiterStatistics(oracle, params.arbiter),
  }
}
