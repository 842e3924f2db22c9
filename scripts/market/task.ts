import type { Task } from '@earnest/sdk/buyer'
import type { Skill } from '@earnest/sdk/seller'

/** What is paid at least, base units. */
export const LEAST = 1_000_000n

/** For what a jury can be paid out of the arbiter's share, base units. */
const HEARD = 20n * LEAST

/** One base unit above a round sum for each trade, so that no two amounts of a buyer are alike. */
export const paymentOf = (number: number, isHeard: boolean): bigint =>
  (isHeard ? HEARD : LEAST) + BigInt(number)

/** The number of a buyer's errand, which its amount tells. */
export const numberOf = (paymentUsdc: bigint): number => Number(paymentUsdc % LEAST)

/** Work that is quickly done and checked by code: a greeting for whom the buyer names. */
export function greetingTask({
  to,
  deadline,
  window,
  judges = [],
}: {
  to: string
  deadline: number
  /** Seconds of every window; default: what two agents have. */
  window?: number
  /** Houses of judges that may read it. */
  judges?: readonly string[]
}): Task {
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
    disclosure: { committee: false, judges: [...judges] },
    ...(window !== undefined && {
      windows: { review: window, response: window, negotiation: window, arbitration: window },
    }),
  }
}

/** The skill that does it. */
export function greeter({
  milliseconds,
  isHasty = false,
  isUnable = false,
  onWork = async () => {},
}: {
  milliseconds: number
  /** Leaves out for whom it is. */
  isHasty?: boolean
  /** Cannot do it. */
  isUnable?: boolean
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
      if (isUnable) throw new Error('No word comes to mind')
      const greeting = 'hello'
      return { json: isHasty ? { greeting } : { greeting, to: (input as { to: string }).to } }
    },
  }
}
