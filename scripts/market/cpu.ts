import { readdirSync, readFileSync } from 'node:fs'

/** Milliseconds of one tick of /proc, as Linux has it everywhere. */
const TICK = 10

type Stat = { parent: number; milliseconds: number }

/** Milliseconds of CPU that each process and everything below it has used; none where there is no /proc. */
export function cpuOf(pids: readonly number[]): Map<number, number> {
  const stats = new Map<number, Stat>()
  try {
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue
      const stat = readStat(Number(name))
      if (stat !== undefined) stats.set(Number(name), stat)
    }
  } catch {
    return new Map()
  }
  const below = (pid: number): number => {
    let sum = stats.get(pid)?.milliseconds ?? 0
    for (const [child, { parent }] of stats) if (parent === pid) sum += below(child)
    return sum
  }
  return new Map(pids.map((pid) => [pid, below(pid)]))
}

function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // After the name, which may hold anything: state, parent, ...; 14 to 17 are the four times.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number)
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15)
    return {
      parent: fields[1] ?? 0,
      milliseconds: TICK * (user + system + childUser + childSystem),
    }
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}
