/** Prints what an MCP client is told of an agent's tools, or writes docs/tools.json: `npm run -s tools -- --write`. */
import { writeFileSync } from 'node:fs'
import { toolListing } from './tools/listing.ts'

const text = `${JSON.stringify(await toolListing(), null, 2)}\n`
if (process.argv.includes('--write')) writeFileSync('docs/tools.json', text)
else process.stdout.write(text)
