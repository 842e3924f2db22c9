import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Log, Oracle } from '../oracle.ts'
import type { Parked } from '../store/parked.ts'

/** What an operator can measure (Prometheus text). */
export type Metrics = {
  contentType: string
  observe(method: string, status: number, milliseconds: number): void
  /** Counts an answer that was our fault. */
  fault(error: unknown): void
  text(
    status: ReturnType<Oracle['status']>,
    counts: { parked: Parked; disputes: ReadonlyMap<string, number> },
  ): Promise<string>
}

/** Counters of one process. */
export function createMetrics({ log }: { log?: Log } = {}): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Histogram({
    name: 'earnest_http_seconds',
    help: 'Duration of requests',
    labelNames: ['method', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  })
  const faults = new Counter({ name: 'earnest_faults_total', help: 'Answers of 5xx', registers })
  const head = new Gauge({ name: 'earnest_head_block', help: 'Newest indexed block', registers })
  const leader = new Gauge({
    name: 'earnest_leader',
    help: '1 where this process indexes',
    registers,
  })
  const parked = new Gauge({
    name: 'earnest_parked',
    help: 'Transactions and jobs that were given up and wait for the operator',
    labelNames: ['what'],
    registers,
  })
  const disputes = new Gauge({
    name: 'earnest_disputes',
    help: 'Disputed escrows by how they ended',
    labelNames: ['exit'],
    registers,
  })
  return {
    contentType: registry.contentType,
    observe(method, status, milliseconds) {
      requests.observe({ method, status: String(status) }, milliseconds / 1000)
    },
    fault(error) {
      faults.inc()
      log?.warn({ error: error instanceof Error ? error.stack : String(error) }, 'fault')
    },
    async text(status, { parked: { submissions, jobs }, disputes: exits }) {
      head.set(status.head?.number ?? 0)
      leader.set(status.leader ? 1 : 0)
      parked.set({ what: 'transaction' }, submissions)
      parked.set({ what: 'job' }, jobs)
      disputes.reset()
      for (const [exit, count] of exits) disputes.set({ exit }, count)
      return registry.metrics()
    },
  }
}
