import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import { openStore } from '../../oracle/src/store/store.ts'
import { DATABASE } from '../market/market.ts'
import type { Gate } from './gate.ts'

/** Which rows are steps: table, what happens to it, and the step's name as SQL over the new row. */
const watched = [
  [
    'submission',
    'insert or update',
    `'submission ' || split_part(new.key, '/', 1) || ' ' || new.status`,
  ],
  ['completion', 'insert or update', `'completion ' || new.status`],
  ['event', 'insert', `'event ' || new.type`],
  ['settlement', 'insert', `'settlement recorded'`],
  ['verdict', 'insert', `'verdict recorded'`],
] as const

/** What a notice of ours begins with, on the wire of PostgreSQL. */
const MARK = 'chaos: '

/** Has the database tell every step that a statement makes, to the connection that makes it. */
export async function tellSteps(url: string): Promise<void> {
  const { db, close } = await openStore({ url, connections: 1 })
  for (const [table, verbs, step] of watched) {
    const name = `chaos_${table}`
    await sql
      .raw(
        `create function ${name}() returns trigger language plpgsql as $$ begin
           if tg_op = 'UPDATE' and new is not distinct from old then return new; end if;
           raise notice '${MARK}%', ${step}; return new; end $$`,
      )
      .execute(db)
    await sql
      .raw(
        `create trigger ${name} after ${verbs} on ${table} for each row execute function ${name}()`,
      )
      .execute(db)
  }
  await close()
}

/**
 * Stands in front of a PostgreSQL server for one process: a transaction that makes a step is held before
 * it is committed, and once it is before its author knows. What commits without a transaction of its own
 * is held after it alone.
 */
export async function openPostgresGateway({
  gate,
  actor,
  url,
}: {
  gate: Gate
  actor: string
  url: string
}): Promise<{ url: string; close(): Promise<void> }> {
  const target = new URL(url)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    const end = () => {
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) {
      socket.setNoDelay(true)
      sockets.add(socket)
      socket.once('error', end).once('close', () => sockets.delete(socket))
    }
    let steps: string[] = []
    const passAll = async (phase: 'before' | 'after') => {
      const passes = steps.flatMap((step) => [
        { who: actor, step },
        { who: DATABASE, step: `commits ${step.split(' ')[0]}` },
      ])
      // Done is it first where it was done.
      for (const { who, step } of phase === 'before' ? passes : passes.reverse()) {
        if (!(await gate.pass(who, step, phase))) throw new Dropped()
      }
    }
    const onward = async () => {
      for await (const message of messagesOf(near, { isClient: true })) {
        if (isQuery(message, 'commit')) await passAll('before')
        far.write(message)
      }
    }
    const back = async () => {
      for await (const message of messagesOf(far, { isClient: false })) {
        const step = stepOf(message)
        if (step !== undefined) {
          steps.push(step)
          continue
        }
        if (isUndone(message)) steps = []
        if (isIdle(message)) {
          await passAll('after')
          steps = []
        }
        near.write(message)
      }
    }
    // Whichever side ends, by itself or killed, the other sees its connection end.
    onward().then(end, end)
    back().then(end, end)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const ours = new URL(url)
  ours.port = String((server.address() as AddressInfo).port)
  return {
    url: ours.href,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Its author, or the server, was killed while it was held. */
class Dropped extends Error {}

/** Whole messages of PostgreSQL's protocol: a letter, a length, a body; the client's first has no letter. */
async function* messagesOf(
  socket: Socket,
  { isClient }: { isClient: boolean },
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let head = isClient ? 0 : 1
  for await (const chunk of socket) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    while (rest.length >= head + 4) {
      const size = head + rest.readUInt32BE(head)
      if (rest.length < size) break
      yield rest.subarray(0, size)
      rest = rest.subarray(size)
      head = 1
    }
  }
}

function isQuery(message: Buffer, text: string): boolean {
  return message[0] === 0x51 && message.toString('latin1', 5, message.length - 1) === text
}

/** A notice (`N`) of ours names the step as its message (`M`). */
function stepOf(message: Buffer): string | undefined {
  if (message[0] !== 0x4e) return undefined
  const fields = message.toString('latin1', 5).split('\0')
  const text = fields.find((field) => field.startsWith(`M${MARK}`))
  return text?.slice(1 + MARK.length)
}

/** An error, or `CommandComplete` of a transaction that was taken back. */
function isUndone(message: Buffer): boolean {
  if (message[0] === 0x45) return true
  return message[0] === 0x43 && message.toString('latin1', 5).startsWith('ROLLBACK')
}

/** `ReadyForQuery`, outside of any transaction. */
function isIdle(message: Buffer): boolean {
  return message[0] === 0x5a && message[5] === 0x49
}
