export { type AgentEnvironment, readAgentEnvironment, readWalletKey } from './environment.ts'
export { nodeFetch } from './nodeFetch.ts'
