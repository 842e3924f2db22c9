import { EarnestError } from '@earnest/sdk/protocol'
import type { Address } from 'viem'
import Earnest from '../../contracts/ignition/modules/Earnest.ts'
import type { connect } from './connect.ts'
import { folderOf } from './journal.ts'
import type { Target } from './network.ts'
import type { Roles } from './record.ts'

type Connection = Awaited<ReturnType<typeof connect>>['connection']

/** What is deployed by its own transaction; the arbiter makes the committee and the vault. */
export type Sent = Record<'escrow' | 'governance' | 'arbiter', Address>

/**
 * Sends what is not on the chain yet. Where an earlier run broke off, this one goes on.
 * @throws deployment_conflict, deployment_failed, deployment_interrupted
 */
export async function send(
  connection: Connection,
  { target, roles, isDryRun }: { target: Target; roles: Roles; isDryRun: boolean },
): Promise<Sent> {
  const deployed = await connection.ignition
    .deploy(Earnest, {
      parameters: { Earnest: { ...roles } },
      deploymentId: target.name,
      displayUi: !isDryRun,
    })
    .catch((cause: unknown) => {
      throw errorOf(cause, target)
    })
  // Its types know nothing of a contract by name.
  const { escrow, governance, arbiter } = deployed as unknown as Record<
    keyof Sent,
    { address: Address }
  >
  return { escrow: escrow.address, governance: governance.address, arbiter: arbiter.address }
}

/** Ignition names no kinds of failure but in its words. */
function errorOf(cause: unknown, target: Target): EarnestError {
  const message = cause instanceof Error ? cause.message : String(cause)
  if (/reconciliation|previous run/i.test(message)) {
    return new EarnestError(
      'deployment_conflict',
      `${folderOf(target)} holds a deployment with other roles or sources, or one that cannot go on; move it away to deploy anew. ${message}`,
      { cause },
    )
  }
  if (message.includes('HHE10120')) return new EarnestError('deployment_failed', message, { cause })
  return new EarnestError(
    'deployment_interrupted',
    `The deployment broke off; the same command goes on with it. ${message}`,
    { cause, retryable: true },
  )
}
