import type { Task } from '@earnest/sdk/buyer'
import type { Skill } from '@earnest/sdk/seller'

/** One base unit above a million for each trade, so that no two amounts are alike. */
export const LEAST = 1_000_000n

/** Work that is quickly done and checked by code: a greeting for whom the buyer names. */
export function greetingTask({ to, deadline }: { to: string; deadline: number }): Task {
  const file = 'deliverable.json'
  return {
    capability: 'greeting',
    description: 'Say hello to the one that the input names, as JSON',
    input: { to },
    outputFormats: ['application/json'],
    acceptance: [
      {
        id: 'greeting',
        description: 'There is a greeting',
        weight: 60,
        verifier: { type: 'path', file, paths: ['/greeting'] },
      },
      {
        id: 'to',
        description: 'It is for the one that the input names',
        weight: 40,
        verifier: {
          type: 'schema',
          file,
          schema: { properties: { to: { const: to } }, required: ['to'] },
        },
      },
    ],
    deadline,
  }
}

/** The skill that does it. */
export function greeter({
  milliseconds,
  isHasty = false,
  onWork = async () => {},
}: {
  milliseconds: number
  /** Leaves out for whom it is. */
  isHasty?: boolean
  onWork?: () => Promise<void>
}): Skill {
  return {
    id: 'greeting',
    name: 'Greeting',
    description: 'Says hello as JSON',
    minPaymentUsdc: LEAST,
    minSeconds: 0,
    run: async ({ input }) => {
      await onWork()
      if (milliseconds > 0) await new Promise((resolve) => setTimeout(resolve, milliseconds))
      const greeting = 'hello'
      return { json: isHasty ? { greeting } : { greeting, to: (input as { to: string }).to } }
    },
  }
}
