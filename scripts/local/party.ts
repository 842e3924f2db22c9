import { createOracleClient } from '@earnest/sdk/buyer'
import { nodeFetch } from '@earnest/sdk/node'
import { bindWallet, type Clock, createIdentity, type Identity } from '@earnest/sdk/protocol'
import { createWalletClient, hexToBytes, http, publicActions } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { localChain } from './chain.ts'
import { localSecret } from './oracle.ts'

/** The wall clock; scripts may read it, the libraries take it. */
export const wallClock: Clock = { now: () => Math.floor(Date.now() / 1000) }

/** Who an agent of the local chain is, by its name. */
export function localIdentity(name: string): Identity {
  return createIdentity({ secretKey: hexToBytes(localSecret(`${name}/identity`)) })
}

/** An agent of the local chain by name: its identity, its wallet and a client for both worlds. Default: the wall clock. */
export function localParty({
  name,
  rpcUrl,
  oracle,
  clock = wallClock,
}: {
  name: string
  rpcUrl: string
  oracle: { url: string; did: string }
  clock?: Clock
}) {
  const identity = localIdentity(name)
  const account = privateKeyToAccount(localSecret(`${name}/wallet`))
  const wallet = createWalletClient({
    account,
    chain: localChain,
    transport: http(rpcUrl, { retryCount: 0, batch: true, fetchFn: nodeFetch }),
    pollingInterval: 50,
    cacheTime: 0,
  }).extend(publicActions)
  return {
    identity,
    account,
    wallet,
    oracle: createOracleClient({ ...oracle, clock, identity, fetch: nodeFetch }),
    bind: () =>
      bindWallet({
        identity,
        body: {
          did: identity.did,
          wallet: account.address,
          chainId: localChain.id,
          issuedAt: clock.now(),
          nonce: crypto.randomUUID(),
        },
        signWallet: (typedData) => account.signTypedData(typedData),
      }),
  }
}
