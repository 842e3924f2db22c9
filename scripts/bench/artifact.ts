/**
 * `npm run -s bench:artifact [-- --mib 1024 --home disk|s3|both]`: one artifact up through the oracle's own
 * route and sealing, checked as a delivery, and down again, with the peak memory of the oracle's process, as
 * one JSON object a line. S3 is a server of its own that speaks the wire and keeps objects on disk.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { parseArgs } from 'node:util'
import type { ArtifactResult } from './artifact/oracle.ts'

const { values } = parseArgs({
  options: {
    mib: { type: 'string', default: '1024' },
    home: { type: 'string', default: 'both' },
  },
})
const homes = values.home === 'both' ? ['disk', 's3'] : [values.home]

/** What a process says first. */
async function said<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
}

const start = (name: string, args: string[]) =>
  fork(new URL(`artifact/${name}.ts`, import.meta.url), args)

for (const home of homes) {
  const bucket = home === 's3' ? start('bucket', []) : undefined
  const url = bucket ? await said<string>(bucket) : ''
  const oracle = start('oracle', [home, values.mib, url])
  const { peakRssMib, idleRssMib, ...rest } = await said<ArtifactResult>(oracle)
  console.log(
    JSON.stringify({
      home,
      mib: Number(values.mib),
      ...rest,
      idleRssMib,
      peakRssMib,
      over: peakRssMib - idleRssMib,
    }),
  )
  oracle.disconnect()
  bucket?.kill()
}
