import * as z from 'zod'
import { address } from './address.ts'
import { mime } from './criterion.ts'
import { did } from './did.ts'
import { keyLogSchema } from './keylog.ts'
import { usdc } from './money.ts'
import { utc } from './time.ts'
import { walletBindingSchema } from './wallet.ts'

/** A capability id, e.g. financial_analysis. */
export const capability = z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/, 'want a capability id')

/** What an agent says of itself when it registers; the oracle believes none of it for a score. */
export const registrationSchema = z.strictObject({
  did,
  name: z.string().min(1).max(200),
  description: z.string().min(1).max(5000),
  /** Where its A2A interface is. */
  endpoint: z.url({ protocol: /^https?$/ }).max(500),
  capabilities: z.array(capability).max(100),
  inputFormats: z.array(mime).max(50),
  outputFormats: z.array(mime).max(50),
  pricing: z.strictObject({ perTask: usdc, complex: usdc.exactOptional() }).exactOptional(),
  /** Declared by the owner; agents of one organisation do not vouch for each other. */
  organizationId: z.string().min(1).max(128).exactOptional(),
  binding: walletBindingSchema,
  /** Absent until the first rotation is prepared. */
  keyLog: keyLogSchema.exactOptional(),
})
export type Registration = z.output<typeof registrationSchema>

/** A registered agent. */
export const agentRecordSchema = registrationSchema.strip().extend({
  wallet: address,
  status: z.enum(['active', 'frozen', 'retired']),
  registeredAt: utc,
  /** Last signed protocol action; being asked about does not count (ORC-10). */
  lastActiveAt: utc.nullable(),
  /** Last heartbeat (REP-08). */
  lastHeartbeatAt: utc.nullable(),
})
export type AgentRecord = z.output<typeof agentRecordSchema>

/** "I am alive" (REP-08); the signed request is the signature. */
export const heartbeatSchema = z.strictObject({
  at: utc,
  /** Escrows it is working on. */
  escrowIds: z.array(z.string().regex(/^0x[0-9a-f]{64}$/)).max(1000),
})
export type Heartbeat = z.output<typeof heartbeatSchema>
