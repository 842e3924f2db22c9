/**
 * `npm run ci`: every test, then every check of the house; the last line counts both, a failing
 * check as a failed test.
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

const tests = await npmRun('test')
const line = /^(\d+) passed, (\d+) failed/.exec(tests.last)
// A run that died before its summary is one failure more than nothing.
let passed = Number(line?.[1] ?? 0)
let failed = Math.max(Number(line?.[2] ?? 0), tests.code === 0 ? 0 : 1)

const ended: string[] = []
for (const check of checks) {
  console.log(`\n> ${check}`)
  const { code } = await npmRun(check)
  if (code === 0) passed += 1
  else failed += 1
  ended.push(`${code === 0 ? '✔' : '✖'} ${check}`)
}

console.log(`\n${ended.join('\n')}`)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** Runs one npm script, shows what it prints, and keeps its last line. */
async function npmRun(script: string): Promise<{ code: number; last: string }> {
  const child = spawn('npm', ['run', '--silent', ...script.split(' ')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  let last = ''
  for await (const text of createInterface({ input: child.stdout })) {
    console.log(text)
    if (text.trim() !== '') last = text.trim()
  }
  return { code: await closed, last }
}
