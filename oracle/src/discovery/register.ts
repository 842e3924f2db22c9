import {
  canonicalText,
  decode,
  EarnestError,
  encode,
  joinKeyLogs,
  type KeyEntry,
  type KeyLog,
  keyAt,
  keyLogSchema,
  type Registration,
  registrationSchema,
  verifyKeyLog,
  verifyWalletBinding,
  type WalletVerifier,
} from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import { append, type Entry } from '../store/journal.ts'
import type { Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import { readHistory, writeHistory } from './keys.ts'
import { watchWallet } from './origin.ts'

type Registering = Context & { verifyWallet: WalletVerifier; chain: { chainId: number } }

/**
 * Registers an agent or updates its profile. DID and wallet belong together for ever: another pair
 * with one of the two is refused (DIS-12).
 * @throws signer_not_agent, did_immutable, wallet_immutable, wrong_chain, invalid_wallet_binding, invalid_key_log, key_log_frozen
 */
export async function registerAgent(
  { db, signer, clock, verifyWallet, chain }: Registering,
  { registration, by }: { registration: Registration; by: string },
): Promise<Row<'agent'>> {
  const { did, binding } = registration
  if (by !== did || binding.body.did !== did) {
    throw new EarnestError('signer_not_agent', 'An agent registers itself')
  }
  // The same smart wallet may be somebody else's on the chain that its statement is not about.
  const { chainId } = binding.body
  if (chainId !== chain.chainId) {
    throw new EarnestError('wrong_chain', 'The wallet is bound for another chain', {
      details: { got: chainId, want: chain.chainId },
    })
  }
  const now = clock.now()
  const shown = registration.keyLog
    ? await verifyKeyLog(registration.keyLog, { now, verifyWallet })
    : undefined
  if (shown && shown.did !== did) throw new EarnestError('invalid_key_log', 'Of another agent')
  await verifyWalletBinding(binding, {
    verifyWallet,
    ...(shown && { keyOf: (_: string, at: number) => keyAt(shown, at) }),
  })
  const wallet = (shown?.wallet ?? binding.body.wallet).toLowerCase()
  const wire = encode(registrationSchema, registration, 'invalid_registration')

  return db.transaction().execute(async (tx) => {
    const before = await tx
      .selectFrom('agent')
      .selectAll()
      .where((eb) => eb.or([eb('did', '=', did), eb('wallet', '=', wallet)]))
      .forUpdate()
      .execute()
    const other = before.find((row) => row.did !== did)
    if (other) {
      const message = `This wallet belongs to ${other.did}: use that agent’s key, or another wallet`
      throw new EarnestError('did_immutable', message)
    }
    const own = before[0]
    if (own && own.wallet !== wallet && !shown) {
      throw new EarnestError(
        'wallet_immutable',
        `This agent’s wallet is ${own.wallet}: it changes through the key log only`,
      )
    }
    const joined = await joinLog(own, registration.keyLog, { now, verifyWallet })
    const row: Row<'agent'> = {
      did,
      wallet: own && joined.frozen ? own.wallet : wallet,
      registration: canonicalText(wire),
      keys: joined.keys,
      key_log: joined.log,
      capabilities: registration.capabilities,
      status: joined.frozen ? 'frozen' : (own?.status ?? 'active'),
      registered_at: own?.registered_at ?? now,
      active_at: now,
      heartbeat_at: own?.heartbeat_at ?? null,
      silent: own?.silent ?? false,
    }
    await tx
      .insertInto('agent')
      .values(row)
      .onConflict((conflict) => conflict.column('did').doUpdateSet(row))
      .execute()
    const entry: Entry = {
      action: 'agent_registered',
      subject: did,
      at: now,
      data: { wallet },
      fact: {
        kind: 'agent',
        agent: did,
        at: now,
        organization: registration.organizationId ?? null,
        wallet: row.wallet,
      },
    }
    await watchWallet(tx, row.wallet, now)
    if (!own) entry.tell = { type: 'agent_registered', agents: [did] }
    const entries = [entry]
    const bond = own ? undefined : await bondOf(tx, wallet)
    if (bond) {
      // The bond may be older than the registration.
      const fact = { kind: 'bond', agent: did, at: now, ...bond }
      entries.push({ action: 'bond_seen', subject: did, at: now, data: {}, fact })
    }
    if (joined.frozen) entries.push(frozenEntry(own, did, now))
    await append(tx, signer, entries)
    return row
  })
}

/**
 * Adds one entry to an agent's key log; a fork freezes the agent (DRV-06).
 * @throws agent_unknown, invalid_key_log
 */
export async function rotateKey(
  { db, signer, clock, verifyWallet }: Registering,
  { did, entry }: { did: string; entry: KeyEntry },
): Promise<Row<'agent'>> {
  const now = clock.now()
  return db.transaction().execute(async (tx) => {
    const own = await lockAgent(tx, did)
    const known = own.key_log ? readLog(own.key_log) : []
    const shown = [...known.filter(({ body }) => body.seq < entry.body.seq), entry]
    const joined = await joinLog(own, shown, { now, verifyWallet })
    const history = joined.keys ? readHistory(joined.keys) : undefined
    const status = joined.frozen
      ? 'frozen'
      : history?.periods.at(-1)?.until === null
        ? own.status
        : 'retired'
    const wallet = joined.frozen ? own.wallet : (history?.wallet.toLowerCase() ?? own.wallet)
    const change = { keys: joined.keys, key_log: joined.log, status, wallet, active_at: now }
    await tx.updateTable('agent').set(change).where('did', '=', did).execute()
    const data = { seq: entry.body.seq, key: entry.body.key }
    if (wallet !== own.wallet) await watchWallet(tx, wallet, now)
    await append(tx, signer, [
      joined.frozen
        ? frozenEntry(own, did, now)
        : {
            action: 'key_rotated',
            subject: did,
            at: now,
            data,
            tell: { type: 'key_rotated', agents: [did] },
            ...(wallet !== own.wallet && { fact: { kind: 'agent', agent: did, at: now, wallet } }),
          },
    ])
    return { ...own, ...change }
  })
}

/** @throws agent_unknown */
async function lockAgent(tx: Tx, did: string): Promise<Row<'agent'>> {
  const row = await tx
    .selectFrom('agent')
    .selectAll()
    .where('did', '=', did)
    .forUpdate()
    .executeTakeFirst()
  if (!row) throw new EarnestError('agent_unknown', 'No such agent')
  return row
}

async function joinLog(
  own: Row<'agent'> | undefined,
  shown: KeyLog | undefined,
  options: { now: number; verifyWallet: WalletVerifier },
): Promise<{ log: string | null; keys: string | null; frozen: boolean }> {
  if (!shown) {
    return {
      log: own?.key_log ?? null,
      keys: own?.keys ?? null,
      frozen: own?.status === 'frozen',
    }
  }
  // Before they are compared, both are verified: a forged log must not freeze anybody.
  await verifyKeyLog(shown, options)
  const { log, forkAt } = own?.key_log
    ? joinKeyLogs(readLog(own.key_log), shown)
    : { log: shown, forkAt: null }
  const history = await verifyKeyLog(log, options)
  const before = own?.keys ? readHistory(own.keys).frozenAt : null
  const frozenAt = forkAt === null ? before : Math.min(forkAt, before ?? forkAt)
  return {
    log: canonicalText(encode(keyLogSchema, log, 'invalid_key_log')),
    keys: writeHistory({ ...history, frozenAt }),
    frozen: frozenAt !== null,
  }
}

function readLog(text: string): KeyLog {
  return decode(keyLogSchema, JSON.parse(text), 'invalid_key_log')
}

/** A fork is held against the agent once. */
function frozenEntry(own: Row<'agent'> | undefined, did: string, at: number): Entry {
  return {
    action: 'agent_frozen',
    subject: did,
    at,
    data: { reason: 'key_log_fork' },
    tell: { type: 'agent_frozen', agents: [did] },
    ...(own?.status !== 'frozen' && { fact: forkOf(did, at) }),
  }
}

/** Both logs are signed by the agent's own keys and wallet: no third party can make them. */
function forkOf(did: string, at: number) {
  return {
    kind: 'incident',
    incidentId: `keylog/${did}`,
    agent: did,
    at,
    class: 'security',
    severity: 1,
    reason: 'two key logs of this agent disagree',
  }
}

async function bondOf(tx: Tx, wallet: string) {
  const row = await tx
    .selectFrom('bond')
    .select(['staked', 'free'])
    .where('wallet', '=', wallet)
    .executeTakeFirst()
  return row && { staked: BigInt(row.staked), free: BigInt(row.free) }
}
