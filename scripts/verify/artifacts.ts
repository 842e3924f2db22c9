import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile, type Sources } from './compile.ts'

/** What the tests deploy. */
const CONTRACTS = ['PactEscrow', 'PactArbiter', 'Governance'] as const

/** Hardhat's artifacts in another folder, with the bytecode of other sources in those of the contracts. */
export function writeArtifacts(folder: string, sources: Sources): void {
  const wanted = Object.fromEntries(
    CONTRACTS.map((name) => [name, ['evm.bytecode.object', 'evm.deployedBytecode.object']]),
  )
  const { contracts, errors = [] } = compile(sources, wanted)
  const error = errors.find(({ severity }) => severity === 'error')
  if (error) throw new Error(`the instrumented contracts do not compile: ${error.message}`)
  const making = `${folder}.making`
  rmSync(making, { recursive: true, force: true })
  cpSync('artifacts', making, { recursive: true })
  for (const name of CONTRACTS) {
    const evm = contracts?.[`contracts/src/${name}.sol`]?.[name]?.evm
    if (!evm) throw new Error(`no bytecode of ${name}`)
    const path = join(making, 'contracts', 'src', `${name}.sol`, `${name}.json`)
    const artifact = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    artifact.bytecode = `0x${evm.bytecode.object}`
    artifact.deployedBytecode = `0x${evm.deployedBytecode.object}`
    writeFileSync(path, JSON.stringify(artifact))
  }
  rmSync(folder, { recursive: true, force: true })
  renameSync(making, folder)
}
