import { EarnestError } from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import { statement } from '../store/statement.ts'
import { ENGINE } from './verify/verify.ts'

type Refused = { sha256: string; mime: string; name: string }

/**
 * Refuses bytes that were looked at before, declared as the same and by the same engine, without looking
 * again.
 * @throws artifact_unusable
 */
export async function assertNotRefused(
  { db }: Pick<Context, 'db'>,
  { sha256, mime, name }: Refused,
): Promise<void> {
  const [row] = await refusalOf(db, { sha256, mime })
  if (row) throw unusable({ name, mime, fault: row.fault })
}

const refusalOf = statement((db, { sha256, mime }: { sha256: string; mime: string }) =>
  db
    .selectFrom('refusal')
    .select('fault')
    .where('sha256', '=', sha256)
    .where('mime', '=', mime)
    .where('engine', '=', ENGINE),
)

/** Remembers what was refused. */
export async function rememberRefusal(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  { sha256, mime, fault }: { sha256: string; mime: string; fault: string },
): Promise<void> {
  await db
    .insertInto('refusal')
    .values({ sha256, mime, engine: ENGINE, fault, at: clock.now() })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** What a seller is told of a file that is not what it is declared as. */
export function unusable({
  name,
  mime,
  fault,
}: {
  name: string
  mime: string
  fault: string
}): EarnestError {
  return new EarnestError('artifact_unusable', `${name} is no whole ${mime}`, {
    details: { name, mime, fault },
  })
}
