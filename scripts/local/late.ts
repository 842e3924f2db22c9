/**
 * Runs a script whose environment is not known yet: loads what the script imports, waits for the
 * environment as one line of JSON, then runs it. Processes that need each other are so started together
 * and load side by side, which is most of what it takes to start them.
 *
 *   node scripts/local/late.ts <script>
 */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const script = resolve(process.argv[2] ?? '')
const url = pathToFileURL(script)
const imports = readFileSync(script, 'utf8').matchAll(/^(?:import (?!type)|\} from ).*'(.+)'$/gm)
for (const [, name = ''] of imports) {
  const module = name.startsWith('.') ? new URL(name, url).href : name
  // What cannot be loaded from here, the script will load or say so itself.
  await import(module).catch(() => {})
}
for await (const line of createInterface({ input: process.stdin })) {
  Object.assign(process.env, JSON.parse(line))
  process.argv.splice(1, 2, script)
  process.stdin.destroy()
  await import(url.href)
  break
}
