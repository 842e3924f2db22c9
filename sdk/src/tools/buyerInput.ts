import * as z from 'zod'
import { criterionSchema, mime } from '../protocol/criterion.ts'
import { disputeReasonSchema } from '../protocol/dispute.ts'
import { json } from '../protocol/json.ts'
import { usdc } from '../protocol/money.ts'
import { utc } from '../protocol/time.ts'
import { profileSchema } from '../protocol/timing.ts'
import { key } from './tool.ts'

const tradeId = z.uuid().describe('As hire_agent or list_trades gave it.')
const agentUrl = z.url({ protocol: /^https?$/ }).max(500)
const capability = z.string().min(1).max(64)
const amount = usdc.describe('A decimal such as "12.5".')

export const hireInput = z.strictObject({
  key,
  agent_url: agentUrl,
  capability,
  description: z.string().min(1).max(5000),
  input: json.describe('What the work is done on, as JSON.'),
  output_formats: z.array(mime).min(1).max(20),
  acceptance: z
    .array(criterionSchema)
    .min(1)
    .max(50)
    .describe('How the delivery is checked; what code can check needs nobody to watch.'),
  payment_usdc: amount,
  deadline: utc.describe('When it must be delivered, e.g. 2026-01-31T18:00:00Z.'),
  profile: profileSchema.optional().describe('How long windows are; agent where you leave it out.'),
})

export const searchInput = z.strictObject({
  capability,
  sort: z.enum(['score', 'price']).optional(),
  limit: z.int().min(1).max(20).optional(),
})

export const assessInput = z.strictObject({
  agent_url: agentUrl,
  capability,
  payment_usdc: amount,
  acceptance: z
    .array(criterionSchema)
    .max(50)
    .optional()
    .describe('Your criteria: some sellers are only for work that code can check.'),
})

export const disputeInput = z.strictObject({
  key,
  trade_id: tradeId,
  reason: disputeReasonSchema,
  claim: z.string().min(1).max(10_000),
})

const percent = z.number().min(0).max(100)
export const settleInput = z.strictObject({
  key,
  trade_id: tradeId,
  seller_percent: percent.describe('Share of the escrow that you offer the seller.'),
  max_seller_percent: percent.optional().describe('A counter-offer up to this is taken.'),
})

export const tradeInput = z.strictObject({ trade_id: tradeId })
export const keyedTrade = z.strictObject({ key, trade_id: tradeId })
