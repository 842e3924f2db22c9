import type { Finding } from './inspect.ts'

/** Prints what stands as one JSON object; what does not hold goes to stderr and fails the process. */
export function reportFindings(head: Record<string, unknown>, findings: Finding[]): void {
  const failed = findings.filter(({ holds }) => !holds)
  process.stdout.write(
    `${JSON.stringify({ ...head, checked: findings.length, failed: failed.length }, null, 2)}\n`,
  )
  for (const { what, is, should } of failed) {
    process.stderr.write(`deployment_differs: ${what} is ${is}, should be ${should}\n`)
  }
  if (failed.length > 0) process.exitCode = 1
}
