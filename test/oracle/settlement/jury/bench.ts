import { randomBytes } from 'node:crypto'
import { createJury, type JuryCase } from '../../../../oracle/src/settlement/jury/jury.ts'
import type { ProbeBook, ProbeRow } from '../../../../oracle/src/settlement/jury/probe.ts'
import type { Juror } from '../../../../oracle/src/settlement/jury/roster.ts'
import {
  type Heard,
  type Provider,
  type Reply,
  startProvider,
  wires,
} from '../../../../scripts/local/judge/provider.ts'
import { createManualClock } from '../../../../sdk/src/protocol/clock.ts'

export type Judge = (heard: Heard) => Reply | Promise<Reply>

export const juryCase: JuryCase = {
  escrowId: `0x${'ab'.repeat(32)}`,
  pactId: 'cd'.repeat(32),
  round: 1,
  packageHash: 'ee'.repeat(32),
  evidence: {
    terms: '{"taskDescription":"Describe ten items of the catalogue.","paymentUsdc":"500"}',
    report: 'items (weight 10): undecided, left to the jury',
    deliverable: 'Item 1: a lamp.\nItem 2: a chair.\nItem 3: a desk.',
    claim: 'Seven of the ten items are missing.',
    response: 'Three items were all that the catalogue held.',
  },
  fee: 5_000_000n,
  capBps: 10_000,
  families: [],
  readers: 'all',
}

/** A set of known answers in memory, as the store keeps it. */
export function createProbeBook(rows: ProbeRow[] = []): ProbeBook & { rows: ProbeRow[] } {
  return {
    rows,
    read: async (limit) => rows.slice(-limit),
    append: async (row) => {
      rows.push(row)
    },
  }
}

/** Five judges on five wires, and a jury of them; `use` gets both and everything is closed after it. */
export async function withJury(
  judges: readonly Judge[],
  use: (bench: {
    hear: (change?: Partial<JuryCase>) => ReturnType<ReturnType<typeof createJury>['hear']>
    providers: Provider[]
    probes: ReturnType<typeof createProbeBook>
  }) => Promise<void>,
  {
    timeoutMs = 20_000,
    rows = [],
    roster = (jurors: Juror[]) => jurors,
  }: {
    timeoutMs?: number
    rows?: ProbeRow[]
    roster?: (jurors: Juror[]) => Juror[]
  } = {},
): Promise<void> {
  const providers = await Promise.all(
    judges.map((judge, seat) => startProvider(wires[seat]!, judge)),
  )
  const probes = createProbeBook(rows)
  try {
    const jury = createJury({
      roster: roster(providers.map(({ juror }) => juror)),
      probes,
      clock: createManualClock(1_800_000_000),
      random: (bytes) => randomBytes(bytes),
      timeoutMs,
    })
    await use({ hear: (change) => jury.hear({ ...juryCase, ...change }), providers, probes })
  } finally {
    await Promise.all(providers.map((provider) => provider.close()))
  }
}
