/**
 * A market on this machine to build an agent against: a local chain that keeps to the wall clock, an oracle
 * and a seller of `data_lookup`, each a process of its own, and two agents of yours whose settings lie in
 * `buyer.env` (with 1,000 USDC) and `seller.env` of `.earnest/local`, or of the folder after `--settings`.
 * Runs until it is told to stop.
 */
import { enableCompileCache } from 'node:module'
import { compileCache } from './local/process.ts'

enableCompileCache(compileCache)
await import('./local/market.ts')
