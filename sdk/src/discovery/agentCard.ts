import * as z from 'zod'
import { cardExtension, cardSignature, semver } from './sourceCard.ts'

const modes = z.array(z.string().min(1).max(127)).min(1).max(50)

/** What we need of an A2A 1.0 card; members that we do not know are left alone but are covered by the signature. */
export const agentCardSchema = z.looseObject({
  name: z.string().min(1).max(200),
  description: z.string().min(1).max(5000),
  version: semver,
  supportedInterfaces: z
    .array(
      z.looseObject({
        url: z.url({ protocol: /^https?$/ }),
        protocolBinding: z.string().min(1).max(50),
        protocolVersion: z.string().min(1).max(20),
      }),
    )
    .min(1)
    .max(50),
  capabilities: z.looseObject({
    streaming: z.boolean().exactOptional(),
    extensions: z.array(cardExtension).max(50).exactOptional(),
  }),
  defaultInputModes: modes,
  defaultOutputModes: modes,
  skills: z
    .array(
      z.looseObject({
        id: z.string().min(1).max(64),
        name: z.string().min(1).max(200),
        description: z.string().min(1).max(5000),
        tags: z.array(z.string()).max(100),
      }),
    )
    .min(1)
    .max(200),
  signatures: z.array(cardSignature).max(10).exactOptional(),
})
