import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import hre from 'hardhat'
import type { Target } from './network.ts'

/** A line of Ignition's journal, as far as it is read here. */
export type Entry = {
  type: string
  futureId?: string
  from?: string
  networkInteractionId?: number
  nonce?: number
  networkInteraction?: { data: string }
  receipt?: { blockNumber: number }
  [member: string]: unknown
}

/** Where Ignition keeps what it sent to the target. */
export function folderOf({ name }: Target): string {
  return join(hre.config.paths.ignition, 'deployments', name)
}

const fileOf = (target: Target) => join(folderOf(target), 'journal.jsonl')

/** What earlier runs wrote; a last line that a killed process left half is none. */
export function readJournal(target: Target): Entry[] {
  const file = fileOf(target)
  if (!existsSync(file)) return []
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.flatMap((line, index): Entry[] => {
    if (line.trim() === '') return []
    try {
      return [JSON.parse(line)]
    } catch (error) {
      if (index === lines.length - 1) return []
      throw error
    }
  })
}

/** Replaces the journal, whole or not at all; where there is none, none is made. */
export function writeJournal(target: Target, entries: readonly Entry[]): void {
  const file = fileOf(target)
  if (!existsSync(file)) return
  writeFileSync(`${file}.new`, entries.map((entry) => `\n${JSON.stringify(entry)}`).join(''))
  renameSync(`${file}.new`, file)
}

/** The block of the first contract, whichever run sent it; none where nothing is kept. */
export function firstBlockOf(target: Target): number | undefined {
  const blocks = readJournal(target).flatMap(({ receipt }) => receipt?.blockNumber ?? [])
  return blocks.length === 0 ? undefined : Math.min(...blocks)
}
