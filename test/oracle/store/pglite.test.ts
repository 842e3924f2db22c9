import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createIdentity, isEarnestError } from '@earnest/sdk/protocol'
import { append, verifyJournal } from '../../../oracle/src/store/journal.ts'
import { openStore } from '../../../oracle/src/store/store.ts'
import { describeStore } from './contract.ts'

describeStore('PGlite', async () => {
  const store = await openStore()
  return { store, fresh: () => openStore(), close: () => store.close() }
})

test('[DRV-17] a folder keeps everything, is opened once at a time, and survives a dead holder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'earnest-store-'))
  const signer = createIdentity({ secretKey: new Uint8Array(32).fill(5) })
  try {
    const first = await openStore({ folder })
    await first.db
      .transaction()
      .execute((tx) => append(tx, signer, [{ action: 'a', subject: 's', at: 1, data: {} }]))
    await first.close()

    // Process 1 lives as long as the machine; no process has the number above the limit.
    await writeFile(join(folder, 'oracle.pid'), '1')
    await assert.rejects(openStore({ folder }), (error) => isEarnestError(error, 'store_in_use'))
    await writeFile(join(folder, 'oracle.pid'), String(2 ** 30))
    const second = await openStore({ folder })
    assert.equal((await verifyJournal(second.db, signer)).entries, 1)
    await second.close()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
