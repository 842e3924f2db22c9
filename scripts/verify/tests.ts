/**
 * Runs compiled Solidity tests again and again in one process, each time with other numbers or
 * another mutant, straight on Hardhat's engine: a task of Hardhat would look at every source before
 * each. In: a `Trial`; out: its `Outcome`. With a folder as its argument, contracts come from there.
 */
import { globSync, readFileSync } from 'node:fs'
import {
  type Artifact,
  CollectStackTraces,
  EdrContext,
  FsAccessPermission,
  L1_CHAIN_TYPE,
  l1GenesisState,
  l1HardforkFromString,
  l1SolidityTestRunnerFactory,
  OSAKA,
  type SuiteResult,
} from '@nomicfoundation/edr'
import config from '../../hardhat.config.ts'

export interface Trial {
  files: string[]
  /** Only tests whose name matches. */
  grep?: string
  /** The mutant that is on; none without it. */
  mutant?: number
  fuzzRuns: number
  invariant: { runs: number; depth: number }
  /** 32 bytes in hexadecimal. */
  seed?: string
  /** File to which tests may add lines. */
  tally?: string
  /** Of one test; what loops for ever ends there. */
  gasLimit?: number
  /** True: the marks that the contracts pass are handed back. */
  marks?: boolean
}

export interface Outcome {
  /** `file:test` of what failed. */
  failed: string[]
  /** How many ran. */
  ran: number
  /** How many calls the invariants made. */
  calls: number
  /** What was passed, in hexadecimal, if that was asked for. */
  marks?: string[]
  /** Set where nothing ran: why. */
  error?: string
}

interface Compiled {
  contractName: string
  sourceName: string
  inputSourceName?: string
  abi: { type: string; name?: string }[]
  bytecode: string
  deployedBytecode: string
  linkReferences: NonNullable<Artifact['contract']['linkReferences']>
  deployedLinkReferences: NonNullable<Artifact['contract']['linkReferences']>
}

const [contracts = 'artifacts'] = process.argv.slice(2)
const compiled = [contracts, 'cache/test-artifacts']
  .flatMap((folder) => globSync(`${folder}/**/*.sol/*.json`))
  .map((path) => JSON.parse(readFileSync(path, 'utf8')) as Compiled)
const artifacts = compiled.map(artifactOf)
const { solidity } = (config.test ?? {}) as {
  solidity?: { fsPermissions?: { readDirectory?: string[] } }
}
const readable = solidity?.fsPermissions?.readDirectory ?? []

const engine = new EdrContext()
await engine.registerSolidityTestRunnerFactory(L1_CHAIN_TYPE, l1SolidityTestRunnerFactory())

async function attempt(trial: Trial): Promise<Outcome> {
  if (trial.tally) process.env.EARNEST_TALLY = trial.tally
  const suites = compiled.filter(
    ({ sourceName, abi, bytecode }) =>
      trial.files.includes(sourceName) &&
      bytecode !== '0x' &&
      abi.some(({ type, name }) => type === 'function' && /^(?:test|invariant)/.test(name ?? '')),
  )
  // The engine says that the run is over before it has handed over the last suites.
  const done: SuiteResult[] = []
  const marks = new Set<string>()
  const { promise: all, resolve: complete } = Promise.withResolvers<void>()
  if (suites.length === 0) complete()
  await engine.runSolidityTests(
    L1_CHAIN_TYPE,
    artifacts,
    suites.map((suite) => artifactOf(suite).id),
    {
      projectRoot: process.cwd(),
      hardfork: OSAKA,
      localPredeploys: l1GenesisState(l1HardforkFromString(OSAKA)),
      fsPermissions: [
        ...readable.map((path) => ({ access: FsAccessPermission.ReadDirectory, path })),
        ...(trial.tally ? [{ access: FsAccessPermission.WriteFile, path: trial.tally }] : []),
      ],
      blockCoinbase: Buffer.from((trial.mutant ?? 0).toString(16).padStart(40, '0'), 'hex'),
      ...(trial.gasLimit && { gasLimit: BigInt(trial.gasLimit) }),
      disableBlockGasLimit: true,
      disableTransactionGasCap: true,
      collectStackTraces: CollectStackTraces.OnFailure,
      fuzz: { runs: trial.fuzzRuns, ...(trial.seed && { seed: trial.seed }) },
      invariant: { ...trial.invariant, failOnRevert: true },
      ...(trial.grep && { testPattern: trial.grep }),
      ...(trial.marks && {
        observability: {
          codeCoverage: {
            onCollectedCoverageCallback: async (hits: Uint8Array[]) => {
              for (const hit of hits) marks.add(Buffer.from(hit).toString('hex'))
            },
          },
        },
      }),
    },
    { buildInfos: [], ignoreContracts: false },
    (suite) => {
      if (done.push(suite) === suites.length) complete()
    },
  )
  await all
  const tests = done.flatMap(({ id, testResults }) =>
    testResults.map(({ name, status, kind }) => ({
      name: `${id.source}:${name}`,
      status,
      calls: 'calls' in kind ? Number(kind.calls) : 0,
    })),
  )
  return {
    failed: tests.filter(({ status }) => status === 'Failure').map(({ name }) => name),
    ran: tests.length,
    calls: tests.reduce((sum, { calls }) => sum + calls, 0),
    ...(trial.marks && { marks: [...marks] }),
  }
}

function artifactOf(one: Compiled): Artifact {
  const { abi, bytecode, deployedBytecode, linkReferences, deployedLinkReferences } = one
  return {
    id: {
      name: one.contractName,
      source: one.inputSourceName ?? one.sourceName,
      solcVersion: '0.8.37',
    },
    contract: {
      abi: JSON.stringify(abi),
      bytecode,
      deployedBytecode,
      linkReferences,
      deployedLinkReferences,
    },
  }
}

process.on('message', (trial: Trial) => {
  attempt(trial).then(
    (outcome) => process.send?.(outcome),
    (error: unknown) =>
      process.send?.({ failed: [], ran: 0, calls: 0, error: String(error) } satisfies Outcome),
  )
})
