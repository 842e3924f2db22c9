/**
 * `npm run ci`: every test, then every check of the house, two at a time; the last line counts both, a
 * failing check as a failed test.
 */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

const checks = [
  'types',
  'lint',
  'abi -- --check',
  'vectors -- --check',
  'exports',
  'size',
  'gas:check',
]

const tests = await npmRun('test', console.log)
const line = /^(\d+) passed, (\d+) failed/.exec(tests.last)
// A run that died before its summary is one failure more than nothing.
let passed = Number(line?.[1] ?? 0)
let failed = Math.max(Number(line?.[2] ?? 0), tests.code === 0 ? 0 : 1)

const ended: string[] = []
const next = checks.values()
const worker = async () => {
  for (const check of next) {
    const printed = [`\n> ${check}`]
    const { code } = await npmRun(check, (text) => printed.push(text))
    console.log(printed.join('\n'))
    if (code === 0) passed += 1
    else failed += 1
    ended.push(`${code === 0 ? '✔' : '✖'} ${check}`)
  }
}
await Promise.all([worker(), worker()])

console.log(`\n${ended.join('\n')}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** Runs one npm script, shows what it prints, and keeps its last line. */
async function npmRun(
  script: string,
  show: (line: string) => void,
): Promise<{ code: number; last: string }> {
  const child = spawn('npm', ['run', '--silent', ...script.split(' ')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  createInterface({ input: child.stderr }).on('line', show)
  let last = ''
  for await (const text of createInterface({ input: child.stdout })) {
    show(text)
    if (text.trim() !== '') last = text.trim()
  }
  return { code: await closed, last }
}
