/** Ends the command with one line on stderr and nothing on stdout: what it was given cannot be measured. */
export function refuse(why: string): never {
  console.error(why)
  process.exit(1)
}
