import type { TrustEvent } from '../../oracle/src/trust/event.ts'
import { trade } from './attack-market.ts'
import { mulberry } from './forecast-bootstrap.ts'

const DAY = 86_400
const USDC = 1_000_000

/** A planted group and who is in it. */
export type Planted = { kind: string; agents: string[]; events: TrustEvent[] }

/**
 * Self-dealers and wash rings of many shapes. Each hides some of the signs: organisation unstated,
 * amounts varied, deliveries slow, some honest trades outside.
 */
export function plant(count: number, start: number, customers: readonly string[]): Planted[] {
  const random = mulberry(23)
  const shapes = [selfDealing, hiddenSelfDealing, pingPong, circle, clique]
  return Array.from({ length: count }, (_, index) => {
    const shape = shapes[index % shapes.length] as (typeof shapes)[number]
    const from = start + random() * 60 * DAY
    return shape({ id: `planted-${index}`, from, random, customers })
  })
}

type Draw = { id: string; from: number; random: () => number; customers: readonly string[] }

/** The source's example: one organisation, 47 trades of 50 USDC in 30 days, no dispute, instant. */
function selfDealing({ id, from }: Draw): Planted {
  const [a, b] = [`${id}-a`, `${id}-b`]
  const organization = `${id}-org`
  const events: TrustEvent[] = [a, b].map((agent) => ({
    kind: 'agent',
    agent,
    at: from,
    organization,
  }))
  for (let i = 0; i < 47; i++) {
    const at = from + (i * 30 * DAY) / 47
    events.push(
      trade({ index: `${id}-${i}`, buyer: a, seller: b, at, amount: 50 * USDC, duration: 20 }),
    )
  }
  return { kind: 'self-dealing', agents: [a, b], events }
}

/** No organisation stated, amounts varied, slow: only the common wallet and the pace betray it. */
function hiddenSelfDealing({ id, from, random, customers }: Draw): Planted {
  const [a, b] = [`${id}-a`, `${id}-b`]
  const funder = `${id}-wallet`
  const events: TrustEvent[] = [a, b].map((agent) => ({ kind: 'agent', agent, at: from, funder }))
  for (let i = 0; i < 40; i++) {
    const at = from + (i * 30 * DAY) / 40
    const amount = (20 + 100 * random()) * USDC
    events.push(trade({ index: `${id}-${i}`, buyer: a, seller: b, at, amount, duration: 4_000 }))
    if (i % 10 === 9) {
      const buyer = customers[Math.floor(random() * customers.length)] as string
      events.push(trade({ index: `${id}-o${i}`, buyer, seller: b, at, amount, duration: 4_000 }))
    }
  }
  return { kind: 'self-dealing, hidden', agents: [a, b], events }
}

/** Two wallets without a common origin send the same money to and fro within seconds. */
function pingPong({ id, from, random }: Draw): Planted {
  const [a, b] = [`${id}-a`, `${id}-b`]
  const events: TrustEvent[] = []
  for (let i = 0; i < 36; i++) {
    const at = from + (i * 25 * DAY) / 36
    const amount = (60 + 5 * random()) * USDC
    const [buyer, seller] = i % 2 ? [a, b] : [b, a]
    events.push(trade({ index: `${id}-${i}`, buyer, seller, at, amount, duration: 15 }))
  }
  return { kind: 'ping-pong', agents: [a, b], events }
}

/** Money in a circle of five to nine, a uniform amount. */
function circle({ id, from, random }: Draw): Planted {
  const size = 5 + Math.floor(random() * 5)
  const agents = Array.from({ length: size }, (_, i) => `${id}-${i}`)
  const events: TrustEvent[] = []
  for (let i = 0; i < 12 * size; i++) {
    const at = from + (i * 30 * DAY) / (12 * size)
    const buyer = agents[i % size] as string
    const seller = agents[(i + 1) % size] as string
    events.push(trade({ index: `${id}-${i}`, buyer, seller, at, amount: 40 * USDC, duration: 30 }))
  }
  return { kind: 'circle', agents, events }
}

/** Eight accounts of one wallet that trade at random among themselves, amounts varied. */
function clique({ id, from, random, customers }: Draw): Planted {
  const agents = Array.from({ length: 8 }, (_, i) => `${id}-${i}`)
  const funder = `${id}-wallet`
  const events: TrustEvent[] = agents.map((agent) => ({ kind: 'agent', agent, at: from, funder }))
  for (let i = 0; i < 100; i++) {
    const at = from + (i * 30 * DAY) / 100
    const first = Math.floor(random() * 8)
    const second = (first + 1 + Math.floor(random() * 7)) % 8
    const amount = (10 + 90 * random()) * USDC
    const [buyer, seller] = [agents[first] as string, agents[second] as string]
    events.push(
      trade({ index: `${id}-${i}`, buyer, seller, at, amount, duration: 2_000 * random() }),
    )
    if (i % 25 === 24) {
      const outside = customers[Math.floor(random() * customers.length)] as string
      events.push(
        trade({ index: `${id}-o${i}`, buyer: outside, seller, at, amount, duration: 2_000 }),
      )
    }
  }
  return { kind: 'clique', agents, events }
}
