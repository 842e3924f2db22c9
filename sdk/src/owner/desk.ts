import type { Clock } from '../protocol/clock.ts'
import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import type { Store } from '../protocol/store.ts'
import { type Account, createAccounts } from './account.ts'
import { createAlerts } from './alert.ts'
import { openAudit } from './audit.ts'
import { type BuyerParts, createBuyerEngine } from './buyerEngine.ts'
import type { Channel, Reception } from './channel.ts'
import { type DeskContext, engineOf, findTrade } from './context.ts'
import type { OwnerEngine } from './engine.ts'
import { createExecution } from './execution.ts'
import { defaultTriggerPolicy, type TriggerPolicy } from './history.ts'
import { letter } from './letter.ts'
import { createNotes, type OwnerNote } from './note.ts'
import type { Observation } from './observation.ts'
import { createOrders } from './order.ts'
import { createOutbox } from './outbox.ts'
import { tellAlert, tellElsewhere } from './post.ts'
import { quote } from './quote.ts'
import { receive, welcomeTo } from './reception.ts'
import { remind } from './remind.ts'
import { openSecret } from './secret.ts'
import { createSellerEngine, type SellerParts } from './sellerEngine.ts'
import { createWatch } from './watch.ts'
import { commandsFor, describe } from './wording.ts'

const DAY = 86_400
/** Seconds for which a letter's link is good. */
const LINK_LIFETIME = 7 * DAY
/** Seconds for which a message is known again as a copy; the fresh ones only are commands anyway. */
const SEEN_FOR = 8 * DAY

/** What an owner's desk is made of. */
export interface OwnerDeskOptions {
  /** Survives the process: alerts, letters, orders, the log. The desks of several processes may share it. */
  store: Store
  clock: Clock
  /** In the order of the owner's preference: alerts go to the first that has an account (TOL-17). */
  channels: readonly Channel[]
  policy?: Partial<TriggerPolicy>
  /** Seconds for which a confirmation code is good; default 600. */
  confirmSeconds?: number
  /** Milliseconds between two rounds of letters, reminders and orders; default 1000. */
  tickMs?: number
  /** What goes wrong in the background; it is tried again by itself. */
  onError?: (error: unknown) => void
}

/** How urgent an agent thinks that something is. */
export type Severity = 'info' | 'warning' | 'urgent'

/** The desk at which an owner is called, and from which it orders. */
export interface OwnerDesk {
  /** Gives the desk a seller's engine; `createSeller` does it. One desk serves all agents of an owner in this process. */
  attachSeller(parts: SellerParts): void
  /** Gives the desk a buyer's engine; `createBuyer` does it. */
  attachBuyer(parts: BuyerParts): void
  /** Gives the desk an engine of another make. */
  attach(engine: OwnerEngine): void
  /** Takes what an engine tells. Never throws, never holds up a trade. */
  observe(observation: Observation): Promise<void>
  /**
   * The agent's own tool to call its owner, at most five times an hour (TOL-15). What it writes is shown as
   * a quotation. Never throws: a call that cannot be made stops no trade.
   * @returns false where it was not taken: too many within the hour, or the store is away.
   */
  notifyOwner(call: {
    title: string
    message: string
    severity: Severity
    escrowId?: string
  }): Promise<boolean>
  /** A code that links whoever sends `link <code>` over this channel first, within ten minutes. Throws `unknown_channel`, `linked_by_letter`. */
  link(channel: string): Promise<string>
  /** Sends an address a link that verifies it. Throws `unknown_channel`, `linked_by_code`. */
  invite(channel: string, account: string): Promise<void>
  /** Throws `unknown_account`. */
  unlink(channel: string, account: string): Promise<void>
  accounts(): Promise<Account[]>
  /** What the owner wrote about a trade, or about none: context for the agent, never an order about money. */
  notes(escrowId?: string): Promise<OwnerNote[]>
  /** What the owner wants said in a conversation; taken once. */
  takeSayings(taskId: string): Promise<string[]>
  /** One round of everything that is due: letters, reminders, orders. */
  tick(): Promise<void>
  /** Opens the channels and ticks until `stop`. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Waits until nothing is being sent or carried out. */
  idle(): Promise<void>
}

/**
 * Opens the desk of one owner. It holds no keys: what is ordered the agents' own engines do.
 * @example
 * const owner = await createOwnerDesk({ store, clock, channels: [createTelegram({ token })] })
 * const seller = createSeller({ ...options, owner })
 * await owner.start()
 * console.log('Send this to the bot:', await owner.link('telegram'))
 */
export async function createOwnerDesk(options: OwnerDeskOptions): Promise<OwnerDesk> {
  const { store, clock, onError = () => {} } = options
  const { confirmSeconds = 600, tickMs = 1000 } = options
  const channels = new Map(options.channels.map((channel) => [channel.name, channel]))
  let queue: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = queue.then(work, work)
    queue = next.catch(() => {})
    return next
  }
  const secret = await openSecret(store)
  const accounts = createAccounts({ store, clock })
  const outbox = createOutbox({
    store,
    clock,
    channels,
    accounts,
    tokenFor: ({ key, channel, account, kind, letter: { alertId } }) =>
      secret.seal({
        channel,
        kind,
        id: hashBytes(new TextEncoder().encode(key)).slice(0, 32),
        account,
        alertId,
        expires: clock.now() + LINK_LIFETIME,
      }),
    async onTrouble(mail, { code, isLost }) {
      await context.audit.note(isLost ? 'not_delivered' : 'delayed', {
        letter: mail.key,
        channel: mail.channel,
        code,
      })
      const { alertId, isSecret } = mail.letter
      // A code goes to the account that asked for it and to no other.
      const mayGoElsewhere = alertId !== null && !isSecret && mail.kind === 'answer'
      if (mayGoElsewhere) await tellElsewhere(context, mail)
    },
  })
  const context: DeskContext = {
    store,
    clock,
    channels,
    engines: [],
    secret,
    audit: await openAudit(store, clock),
    accounts,
    alerts: createAlerts({ store, clock }),
    orders: createOrders({ store, clock }),
    outbox,
    notes: createNotes(store),
    confirmSeconds,
    inTurn,
  }
  const { alerts, audit, notes, engines } = context
  const execution = createExecution(context)
  const watch = createWatch(context, { ...defaultTriggerPolicy, ...options.policy })
  let timer: ReturnType<typeof setInterval> | undefined
  let ticking: Promise<void> | undefined
  let pruned = 0

  async function tick(): Promise<void> {
    ticking ??= round().finally(() => {
      ticking = undefined
    })
    await ticking
  }

  async function round(): Promise<void> {
    const parts = [
      execution.resume,
      watch.retry,
      tellOpen,
      () => remind(context),
      prune,
      outbox.flush,
    ]
    // Each by itself: what goes wrong in one holds up none of the others.
    for (const part of parts) await inTurn(part).catch(onError)
  }

  async function tellOpen(): Promise<void> {
    for (const alert of await alerts.open()) await tellAlert(context, alert)
  }

  async function prune(): Promise<void> {
    if (clock.now() < pruned + DAY) return
    pruned = clock.now()
    await outbox.prune()
    await accounts.prune()
    await context.orders.prune(clock.now() - SEEN_FOR)
    for (const prefix of ['owner/seen/', 'owner/used/']) {
      for (const key of await store.keys(prefix)) {
        if (Number(await store.get(key)) < clock.now() - SEEN_FOR) await store.delete(key)
      }
    }
  }

  function channelOf(name: string): Channel {
    const channel = channels.get(name)
    if (channel === undefined) throw new EarnestError('unknown_channel', `No channel ${name}`)
    return channel
  }

  function receptionOf(name: string): Reception {
    const usedKey = (id: string) => `owner/used/${id}`
    return {
      async receive(incoming) {
        const answer = await inTurn(async () => {
          const it = await receive(context, name, incoming)
          await execution.resume()
          return it
        })
        await outbox.flush()
        return answer
      },
      async readToken(text) {
        const { channel, ...token } = secret.unseal(text)
        if (channel !== name) throw new EarnestError('invalid_token', 'Not a link of this channel')
        if (clock.now() >= token.expires) {
          throw new EarnestError('token_expired', 'This link is no longer good')
        }
        const isLinked = (await accounts.find(name, token.account)) !== undefined
        if (token.kind === 'answer' && !isLinked) {
          throw new EarnestError('invalid_token', 'This account is not linked')
        }
        const isUsed = (await store.get(usedKey(token.id))) !== undefined
        return { ...token, isUsed, now: clock.now() }
      },
      async show({ alertId }) {
        const alert = alertId === null ? undefined : await alerts.read(alertId)
        const trade = alert?.trade
        const engine = trade ? await engineOf(context, trade) : undefined
        if (!alert || !trade || !engine) {
          return alert?.letter ?? letter('Nothing to answer', ['This letter asks for no answer.'])
        }
        const standing = await engine.standing(trade)
        const taskId = await engine.taskOf(trade)
        const commands = commandsFor(standing, taskId !== undefined)
        return { ...alert.letter, lines: describe(trade, standing), commands }
      },
      async useToken({ id }) {
        await inTurn(async () => {
          if (await store.swap(usedKey(id), undefined, clock.now())) return
          throw new EarnestError('token_used', 'This link was used already')
        })
      },
      async verify({ account, kind }) {
        if (kind !== 'link') throw new EarnestError('invalid_token', 'Not a link that verifies')
        await inTurn(async () => {
          await accounts.verify(name, account)
          const welcome = await welcomeTo(context, { channel: name, account })
          const key = `welcome/${hashBytes(new TextEncoder().encode(`${name}\0${account}`))}`
          await outbox.put({ key, letter: welcome, channel: name, account })
        })
        await outbox.flush()
      },
    }
  }

  return {
    attachSeller(parts) {
      engines.unshift(createSellerEngine(parts))
    },
    attachBuyer(parts) {
      engines.unshift(createBuyerEngine(parts))
    },
    attach(engine) {
      engines.unshift(engine)
    },
    async observe(observation) {
      try {
        await inTurn(() => watch.observe(observation))
        await outbox.flush()
      } catch (error) {
        onError(error)
      }
    },
    async notifyOwner({ title, message, severity, escrowId }) {
      try {
        return await inTurn(async () => {
          const muted = await watch.admit('agent')
          if (muted === undefined) return false
          const found = escrowId === undefined ? undefined : await findTrade(context, { escrowId })
          const trade = found?.trade
          const taskId = await found?.engine.taskOf(found.trade)
          const lines = [
            `Severity: ${severity}. Nothing happens by itself.`,
            ...(trade ? [`Escrow ${trade.escrowId}`] : []),
            ...(muted > 0 ? [`${muted} more calls were not shown.`] : []),
          ]
          await watch.file({
            key: `agent/${crypto.randomUUID()}`,
            reason: 'agent',
            trade: trade ?? null,
            taskId: taskId ?? null,
            window: null,
            letter: letter('Your agent calls you', lines, {
              quote: { by: 'It writes', text: quote(`${title}: ${message}`, 600) },
              commands: ['status', ...(taskId === undefined ? [] : ['say <text>'])],
            }),
          })
          return true
        })
      } catch (error) {
        onError(error)
        return false
      } finally {
        void outbox.flush().catch(onError)
      }
    },
    async link(name) {
      if (channelOf(name).isAnsweredByLink) {
        throw new EarnestError('linked_by_letter', `Use invite for ${name}`)
      }
      return await accounts.invite(name)
    },
    async invite(name, account) {
      if (!channelOf(name).isAnsweredByLink) {
        throw new EarnestError('linked_by_code', `Use link for ${name}`)
      }
      await outbox.put({
        key: `invite/${crypto.randomUUID()}`,
        channel: name,
        account,
        kind: 'link',
        letter: letter('Confirm that this is your mailbox', [
          'The operator of an agent wants to send its alerts here. If that was not you, do nothing.',
        ]),
      })
      await outbox.flush()
    },
    async unlink(name, account) {
      await inTurn(async () => {
        await accounts.unlink(name, account)
        await audit.note('unlinked', { channel: name })
      })
    },
    accounts: accounts.list,
    notes: notes.read,
    takeSayings: notes.takeSayings,
    tick,
    async start() {
      for (const [name, channel] of channels) await channel.open(receptionOf(name))
      await tick().catch(onError)
      timer ??= setInterval(() => void tick().catch(onError), tickMs)
    },
    async stop() {
      clearInterval(timer)
      timer = undefined
      for (const channel of channels.values()) await channel.close()
      await ticking?.catch(() => {})
      await execution.idle()
      await outbox.idle()
    },
    async idle() {
      await inTurn(async () => {})
      await execution.idle()
      await outbox.idle()
    },
  }
}
