/** Plays the scenes, one after the other. */
import { rmSync } from 'node:fs'
import { parseUsdc } from '@earnest/sdk/protocol'
import { createBook } from './book.ts'
import { line, say, table, title } from './say.ts'
import { scenes } from './scenes.ts'
import { openStage } from './stage.ts'

const keep = process.argv.includes('--keep')
const stage = await openStage(scenes.flatMap(({ prepare }) => prepare ?? []))
let failures = 0
const fail = (faults: string[]) => {
  failures += faults.length
  for (const fault of faults) say(`  FAILED       ${fault}`)
}

try {
  title('Local chain, oracle and sellers, each a process of its own')
  line('chain', `${stage.chain.url}, USDC ${stage.deployment.token}`)
  line('escrow', stage.deployment.escrow)
  line('oracle', `${stage.oracle.url}, ${stage.oracle.did}`)
  const query = { capability: 'dcf_modeling' }
  const { agents } = await stage.buyer.oracle.call('searchAgents', { query })
  line('agents', `${agents.length} registered: ${agents.map(({ name }) => name).join(', ')}`)

  const book = await createBook(stage)
  await stage.mint(stage.buyer.account.address, parseUsdc('100'))
  book.expect('buyer', parseUsdc('100'))
  for (const scene of scenes) if (scene.begin) stage.meanwhile(scene.begin(stage))
  for (const [index, scene] of scenes.entries()) {
    title(`${index + 1}. ${scene.title}`)
    fail(await scene.play(stage, book))
  }

  title('Balances, to the base unit')
  const { rows, faults } = await book.close()
  table(rows)
  fail(faults)
  title(failures === 0 ? 'Everything above holds.' : `${failures} of the above do not hold.`)
  if (keep) {
    say(`\n  oracle   ${stage.oracle.url}/docs`)
    say(`  seller   ${stage.sellers.honest?.url}/.well-known/agent-card.json`)
    say(`  chain    ${stage.chain.url}, whose clock the scenes have put forward`)
    say('\n  An agent of your own trades on `npm run local`. Ctrl-C ends this.')
    await new Promise((resolve) => process.once('SIGINT', resolve))
  }
} catch (error) {
  failures++
  say(error instanceof Error ? `\n  ${error.stack}` : `\n  ${String(error)}`)
} finally {
  await stage.close()
  rmSync(stage.data, { recursive: true, force: true })
}
process.exit(failures === 0 ? 0 : 1)
