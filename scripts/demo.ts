/**
 * Whole trades on this machine: a local chain with USDC's own bytecode, an oracle and three sellers as
 * processes of their own, and a buyer here. Ends with 0 only if everything that it says holds.
 * `-- --keep` leaves all of it running.
 */
import { enableCompileCache } from 'node:module'
import { compileCache } from './local/process.ts'

enableCompileCache(compileCache)
await import('./demo/play.ts')
