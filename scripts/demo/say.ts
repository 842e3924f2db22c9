import { formatUsdc } from '@earnest/sdk/protocol'

/** Prints one line. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** Prints a heading. */
export function title(text: string): void {
  say(`\n${text}\n`)
}

/** Prints one step of a trade: the layer's word, then what came of it. */
export function line(word: string, text: string): void {
  say(`  ${word.padEnd(12)} ${text}`)
}

/** Prints rows in columns; all but the first column stand to the right. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    )
    say(`  ${cells.join('   ')}`)
  }
}

/** Base units as USDC, with the unit. */
export function usdc(amount: bigint): string {
  return amount < 0n ? `-${formatUsdc(-amount)} USDC` : `${formatUsdc(amount)} USDC`
}

/** Basis points as percent. */
export function percent(bps: number): string {
  return `${bps / 100} %`
}
