import { spawnSync } from 'node:child_process'

/** Runs a tool of this repository and shows what it prints; ends the process where it fails. */
export function run(tool: string, parameters: string[]): void {
  const { status } = spawnSync(tool, parameters, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}
