import { EarnestError } from '@earnest/sdk/protocol'
import { getAgent } from '../discovery/agent.ts'
import type { Oracle } from '../oracle.ts'
import { listAnchors } from '../settlement/anchor/drop.ts'
import { bringCredential } from '../trust/bring.ts'
import { credentialStatus, issueCredential } from '../trust/issue.ts'
import type { Calls } from './call.ts'

type PortableRoute = 'getCredential' | 'getCredentialStatus' | 'importCredential' | 'listAnchors'

/**
 * The functions behind the routes by which a record leaves an oracle and comes to another.
 * @param publicUrl Where others reach this oracle, without a trailing slash.
 */
export function createPortableCalls(
  oracle: Oracle,
  { publicUrl }: { publicUrl: string },
): Pick<Calls, PortableRoute> {
  const { db, trust, bell } = oracle
  const didOf = (id: string) => (id.startsWith('did:') ? id : `did:key:${id}`)
  const issuing = { ...oracle, publicUrl }
  return {
    getCredential: ({ params, query: { role = 'seller', domain = '*' } }) =>
      issueCredential(issuing, { did: didOf(params.id), role, domain }),

    getCredentialStatus: ({ params }) => credentialStatus(issuing, params.id),

    importCredential: async ({ params, body, by }) => {
      const { did } = await getAgent(db, didOf(params.id))
      const { issuer } = await bringCredential(oracle, { did, by, ...body })
      bell.ring()
      const { imported = [] } = await trust.answer({ id: did, role: 'seller' })
      const found = imported.find((one) => one.issuer === issuer)
      if (!found) throw new EarnestError('evidence_reused', 'It counts for nothing beside another')
      return found
    },

    listAnchors: async ({ query }) => ({ anchors: await listAnchors(db, query.size) }),
  }
}
