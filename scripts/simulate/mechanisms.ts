/**
 * Committee selection, decay of a record and standards of attestation, each behind one function type and
 * played against others of its kind (TAP-24). Prints the tables of docs/mechanisms.md.
 *
 * node scripts/simulate/mechanisms.ts
 */
import { mechanismTables } from './mechanisms/page.ts'

console.log(mechanismTables())
