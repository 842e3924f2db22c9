import { globSync } from 'node:fs'

/** Thousands of calls each. */
const CAMPAIGNS = /\/(?:invariants|fuzz|exhaustive|system)\.t\.sol$/
/** Too slow to run again for each change. */
const SLOW = /\/(?:gas|largePool)\.t\.sol$/

/** All tests but the campaigns. */
export const testFiles = () =>
  globSync('test/contracts/**/*.t.sol')
    .filter((file) => !CAMPAIGNS.test(file))
    .sort()

/** Those of them that are quick. */
export const quickFiles = () => testFiles().filter((file) => !SLOW.test(file))

/** A few files at a time. */
export function chunks(files: string[]): string[][] {
  const size = 5
  return Array.from({ length: Math.ceil(files.length / size) }, (_, i) =>
    files.slice(i * size, (i + 1) * size),
  )
}
