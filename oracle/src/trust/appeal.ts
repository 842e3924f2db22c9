import { EarnestError } from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { AppealDecision } from './event.ts'

const DAY = 86_400

/**
 * Puts the decision on an appeal into the event log, once a day: a flag that falls gives every excluded trade
 * back, and the sanction that stood on it goes with it (UNS-10).
 * @throws appeal_decided
 */
export async function decideAppeal(
  { db, signer, clock }: Context,
  { flagId, upheld, reason }: { flagId: string; upheld: boolean; reason: string },
): Promise<void> {
  const at = clock.now()
  const fact: AppealDecision = { kind: 'appeal', flagId, at, upheld }
  const data = { flagId, upheld, reason }
  // A flag that fell can be raised anew, for new reasons and under its old name.
  const key = `appeal/${flagId}/${upheld}/${Math.floor(at / DAY)}`
  const entry = { action: 'appeal_decided', subject: flagId, at, data, key, fact }
  const told = await db.transaction().execute((tx) => append(tx, signer, [entry]))
  if (told === 0) throw new EarnestError('appeal_decided', 'It was decided so today')
}
