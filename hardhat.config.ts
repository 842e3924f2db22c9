import { createRequire } from 'node:module'
import { defineConfig } from 'hardhat/config'

const require = createRequire(import.meta.url)

export default defineConfig({
  solidity: {
    version: '0.8.37',
    path: require.resolve('solc/soljson.js'),
    settings: { evmVersion: 'prague', viaIR: true, optimizer: { enabled: true, runs: 200 } },
  },
  paths: { sources: 'contracts/src', tests: { solidity: 'test/contracts', nodejs: 'test/chain' } },
})
