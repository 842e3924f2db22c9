import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { governanceAbi } from '@earnest/contracts'
import { type Address, createPublicClient, custom, encodeFunctionData, type Hex, pad } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { errorOfRpc } from '../../scripts/deploy/command.ts'
import { checkFunds, GAS } from '../../scripts/deploy/funds.ts'
import { inspect } from '../../scripts/deploy/inspect.ts'
import { readJournal } from '../../scripts/deploy/journal.ts'
import { targetOf } from '../../scripts/deploy/network.ts'
import { checkChain, checkUsdc } from '../../scripts/deploy/preflight.ts'
import { type Deployment, readDeployment, recordIn } from '../../scripts/deploy/record.ts'
import { resume } from '../../scripts/deploy/resume.ts'
import { type LocalClient, localClient } from '../../scripts/local/chain.ts'
import { startChain } from '../../scripts/local/startChain.ts'
import { deployUsdc } from '../../scripts/local/usdc.ts'

const target = targetOf('base-sepolia')
const key: Hex = `0x${'7'.repeat(64)}`
const deployer = privateKeyToAccount(key).address
const stranger: Address = `0x${'5'.repeat(40)}`

describe('deployment', () => {
  let chain: Awaited<ReturnType<typeof startChain>>
  let client: LocalClient
  let gateway: Server
  let url: string
  let folder: string
  let child: ChildProcess
  /** What becomes of a transaction on its way to the chain: the answer, or none for ever. */
  let onSend: (pass: () => Promise<string>) => Promise<string | undefined> = (pass) => pass()

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'earnest-deployment-'))
    chain = await startChain({ chainId: target.chainId, blockSeconds: 0.2 })
    client = localClient(chain.url, target.chainId)
    gateway = createServer(async (request, response) => {
      const body = await text(request)
      const headers = { 'content-type': 'application/json' }
      const pass = async () => (await fetch(chain.url, { method: 'POST', body, headers })).text()
      const answer = await (body.includes('eth_sendRawTransaction') ? onSend(pass) : pass())
      if (answer === undefined) return response.destroy()
      response.setHeader('content-type', 'application/json')
      return response.end(answer)
    }).listen(0, '127.0.0.1')
    await once(gateway, 'listening')
    url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`
  })
  after(async () => {
    gateway.closeAllConnections()
    gateway.close()
    await chain.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function run(script: 'deploy' | 'deployment', ...words: string[]) {
    child = spawn(
      process.execPath,
      [`scripts/${script}.ts`, `--network=${target.name}`, `--records=${folder}`, ...words],
      {
        env: {
          PATH: process.env.PATH ?? '',
          HOME: process.env.HOME ?? '',
          DEPLOYER_KEY: key,
          BASE_SEPOLIA_RPC_URL: url,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    const { stdout, stderr } = child
    assert.ok(stdout !== null && stderr !== null)
    const ended = once(child, 'close')
    const [said, err] = await Promise.all([text(stdout), text(stderr)])
    const [status] = await ended
    // The compiler may have warned before, where nothing was built yet.
    return { status, said, err, code: /^([a-z]+(?:_[a-z]+)+): /m.exec(err)?.[1] }
  }
  const sent = () => client.getTransactionCount({ address: deployer })
  const deployment = (): Deployment => readDeployment(recordIn(folder), target)
  const differing = async (changes: Partial<Deployment> = {}) => {
    const { roles, ...addresses } = { ...deployment(), ...changes }
    const findings = await inspect(client, { target, addresses, roles })
    return findings.filter(({ holds }) => !holds).map(({ what }) => what)
  }
  /** What is changed on the chain meanwhile is undone. */
  const meanwhile = async (work: () => Promise<void>) => {
    const id = await client.snapshot()
    try {
      await work()
    } finally {
      await client.revert({ id })
    }
  }

  test('error: wrong_usdc, where nothing, no token, an empty proxy or another token stands', async () => {
    const refused = () => assert.rejects(checkUsdc(client, target), { code: 'wrong_usdc' })
    await refused()
    await client.setCode({ address: target.usdc, bytecode: '0x00' })
    await refused()
    // Circle's own code and proxy as somebody else would put them there: never initialised.
    const elsewhere = await deployUsdc(client)
    const code = await client.getCode({ address: elsewhere })
    await client.setCode({ address: target.usdc, bytecode: code ?? '0x' })
    await refused()
    await deployUsdc(client, target.usdc)
    await checkUsdc(client, target)
    // At another address it is the right code and not the token that buyers hold.
    await checkUsdc(client, { ...target, usdc: elsewhere })
    await assert.rejects(checkUsdc(client, { ...target, chainId: 8453, usdc: elsewhere }), {
      code: 'wrong_usdc',
    })

    // Another token of the same make: its symbol stands in one of the first slots.
    const symbol = pad('0x55534443', { dir: 'right', size: 31 })
    await meanwhile(async () => {
      for (let index = 0; index < 16; index++) {
        const slot = pad(`0x${index.toString(16)}`)
        const value = await client.getStorageAt({ address: target.usdc, slot })
        if (value !== `${symbol}08`) continue
        const other: Hex = `${pad('0x45555243', { dir: 'right', size: 31 })}08`
        await client.setStorageAt({ address: target.usdc, index: slot, value: other })
      }
      await refused()
    })
    await checkUsdc(client, target)
  })

  test('error: wrong_chain and chain_unreachable, when it is read back too', async () => {
    await checkChain(client, target)
    await assert.rejects(checkChain(client, targetOf('base')), { code: 'wrong_chain' })
    const dead = createPublicClient({
      transport: custom({ request: () => Promise.reject(new Error('gone')) }, { retryCount: 0 }),
    })
    await assert.rejects(checkChain(dead, target), { code: 'chain_unreachable' })
  })

  test('error: no_funds, before anything is sent', async () => {
    const { status, code } = await run('deploy')
    assert.deepEqual([status, code, await sent()], [1, 'no_funds', 0])
  })

  test('error: not_deployed and invalid_record', () => {
    assert.throws(deployment, { code: 'not_deployed' })
    writeFileSync(join(folder, 'deployments.json'), '{"84532": {"escrow": "0x12"}}')
    assert.throws(deployment, { code: 'invalid_record' })
    rmSync(join(folder, 'deployments.json'))
  })

  test('a deployment that was killed, and broke off once more, goes on where it was: nothing is sent twice', async () => {
    await client.setBalance({ address: deployer, value: 10n ** 18n })
    onSend = async (pass) => {
      await pass()
      child.kill('SIGKILL')
      return undefined
    }
    assert.equal((await run('deploy')).status, null)
    assert.equal(await sent(), 1)

    // Neither another's key nor an RPC that knows no such transaction has the one that was sent forgotten.
    recordIn(folder)
    const file = join(folder, 'deployments', target.name, 'journal.jsonl')
    const written = readFileSync(file, 'utf8')
    await assert.rejects(resume(client, { target, deployer: stranger }), {
      code: 'deployment_conflict',
    })
    const blind = createPublicClient({
      transport: custom({
        request: async (question) => {
          const answer = await client.request(question)
          return question.method === 'eth_getBlockByNumber'
            ? { ...(answer as object), transactions: [] }
            : answer
        },
      }),
    })
    await assert.rejects(resume(blind, { target, deployer }), { code: 'deployment_interrupted' })
    // One that keeps the newest states only says what is missing, and one that is gone that it is gone.
    const answering = (isGone: () => boolean) =>
      createPublicClient({
        transport: custom(
          {
            request: async ({ method, params }) => {
              if (method !== 'eth_getTransactionCount') return client.request({ method, params })
              const [, block] = params as [Address, Hex | 'latest' | 'pending']
              if (isGone()) throw new Error('gone')
              if (block.startsWith('0x')) throw new Error('missing trie node')
              return client.request({ method, params })
            },
          },
          { retryCount: 0 },
        ),
      })
    const forgetful = answering(() => false)
    await assert.rejects(resume(forgetful, { target, deployer }), { code: 'history_unavailable' })
    let questions = 0
    const failing = answering(() => ++questions > 2)
    await assert.rejects(resume(failing, { target, deployer }), (error) => {
      return errorOfRpc(error)?.code === 'chain_unreachable'
    })
    assert.equal(readFileSync(file, 'utf8'), written)

    onSend = async () =>
      JSON.stringify({ jsonrpc: '2.0', id: 1, error: { code: -32_000, message: 'over capacity' } })
    const broken = await run('deploy')
    assert.deepEqual([broken.status, broken.code, await sent()], [1, 'deployment_interrupted', 1])
    assert.throws(deployment, { code: 'not_deployed' })

    // What stands already has been paid: the rest is what the deployer needs.
    const journal = readJournal(target)
    const have = (value: bigint) => client.setBalance({ address: deployer, value })
    const priced = createPublicClient({
      transport: custom({
        request: (question) =>
          question.method === 'eth_gasPrice' ? Promise.resolve('0x7') : client.request(question),
      }),
    })
    const first = journal.find(({ type }) => type === 'TRANSACTION_SEND')?.futureId
    const paid = GAS[first?.replace('Earnest#', '') as keyof typeof GAS]
    const whole = GAS.PactEscrow + GAS.Governance + GAS.PactArbiter
    const rest = 7n * (whole - paid)
    await have(rest - 1n)
    await assert.rejects(checkFunds(priced, { deployer, journal }), { code: 'no_funds' })
    await have(rest)
    await checkFunds(priced, { deployer, journal })
    await assert.rejects(checkFunds(priced, { deployer, journal: [] }), { code: 'no_funds' })
    // The command asks no more either: with so much a whole deployment could not begin.
    await have((whole - paid / 2n) * (await client.getGasPrice()))

    // Half of a line, as a machine without power leaves it, though it ends as a whole one does.
    await resume(client, { target, deployer })
    appendFileSync(file, '\n{"type":"TRANSACTION_CONFIRM","receipt":{"logs":[]}')
    onSend = (pass) => pass()
    const { status, said, err } = await run('deploy')
    assert.equal(status, 0, err)
    assert.equal(await sent(), 3)
    // Whoever indexes from there misses nothing, though an earlier run sent the first contract.
    const { startBlock } = deployment()
    const countAt = (block: number) =>
      client.getTransactionCount({ address: deployer, blockNumber: BigInt(block) })
    assert.deepEqual([await countAt(startBlock - 1), await countAt(startBlock)], [0, 1])
    assert.deepEqual(await differing(), [])
    assert.match(said, /"failed": 0/)

    // The gas that is asked for is enough for each, with room and not without measure.
    const confirmed = readJournal(target).filter(({ type }) => type === 'TRANSACTION_CONFIRM')
    for (const [name, gas] of Object.entries(GAS)) {
      const entry = confirmed.find(({ futureId }) => futureId === `Earnest#${name}`)
      const { gasUsed } = await client.getTransactionReceipt({ hash: entry?.hash as Hex })
      assert.ok(gasUsed * 11n < gas * 10n && gas < gasUsed * 2n, `${name} took ${gasUsed}`)
    }
    // With all three in blocks nothing is left to pay.
    await have(0n)
    await checkFunds(client, { deployer, journal: readJournal(target) })
    await have(10n ** 18n)
  })

  test('error: deployment_conflict, where the same record would get other roles', async () => {
    const before = readFileSync(join(folder, 'deployments.json'), 'utf8')
    const { status, code } = await run('deploy', `--guardian=${stranger}`)
    assert.deepEqual([status, code, await sent()], [1, 'deployment_conflict', 3])
    assert.equal(readFileSync(join(folder, 'deployments.json'), 'utf8'), before)
  })

  test('what stands as it was recorded is said to stand, and other roles than named are said to differ', async () => {
    const whole = await run('deployment')
    assert.equal(whole.status, 0, whole.err)
    const other = await run('deployment', `--treasury=${stranger}`)
    assert.deepEqual([other.status, other.code], [1, 'deployment_differs'])
    assert.match(
      other.err,
      /^deployment_differs: PactArbiter: treasury is 0x.*, should be 0x5{40}$/m,
    )
  })

  test('error: deployment_differs, for each parameter, owner and delay that is another', async () => {
    const { roles } = deployment()
    const fixed = 'PactArbiter: words fixed in the code'
    const cases: [Partial<typeof roles>, string[]][] = [
      [{ guardian: stranger }, [fixed, 'PactArbiter: guardian']],
      [{ threshold: 2n }, [fixed, 'PactArbiter: threshold']],
      [{ panelCost: 1n }, [fixed, 'PactArbiter: panelCost']],
      [{ treasury: stranger }, ['PactArbiter: treasury']],
      [{ moderator: stranger }, ['PactArbiter: moderator']],
      [{ rosterHash: pad('0x01') }, ['PactArbiter: rosterHash']],
      [{ attestors: [stranger] }, ['PactArbiter: attestors']],
      [{ memberStake: 1n }, ['Committee: words fixed in the code', 'Committee: memberStake']],
      [{ delay: 3_000_000n }, ['Governance: delay']],
      [{ proposers: [stranger] }, ['Governance: PROPOSER_ROLE', 'Governance: CANCELLER_ROLE']],
      [
        { proposers: [...roles.proposers, stranger] },
        ['Governance: PROPOSER_ROLE', 'Governance: CANCELLER_ROLE'],
      ],
    ]
    for (const [change, what] of cases) {
      assert.deepEqual(await differing({ roles: { ...roles, ...change } }), what)
    }
  })

  test('error: deployment_differs, where code, wiring or token is another', async () => {
    const { escrow, vault, arbiter, committee } = deployment()
    const fixed = 'PactArbiter: words fixed in the code'
    for (const other of [stranger, committee]) {
      assert.deepEqual(await differing({ vault: other }), [fixed, 'BondVault: code'])
    }
    const others = await differing({ token: stranger })
    assert.ok(
      others.includes('Record: token') && others.includes('PactEscrow: words fixed in the code'),
    )

    // The same code with one private word changed: nothing that it answers would tell.
    await meanwhile(async () => {
      const code = (await client.getCode({ address: vault })) ?? '0x'
      const changed = code.replaceAll(arbiter.slice(2).toLowerCase(), stranger.slice(2)) as Hex
      assert.notEqual(changed, code)
      await client.setCode({ address: vault, bytecode: changed })
      assert.deepEqual(await differing(), ['BondVault: words fixed in the code'])
    })
    await meanwhile(async () => {
      const code = (await client.getCode({ address: escrow })) ?? '0x'
      await client.setCode({ address: escrow, bytecode: `${code.slice(0, -2)}ff` as Hex })
      assert.deepEqual(await differing(), ['PactEscrow: code'])
    })
    assert.deepEqual(await differing(), [])
  })

  test('error: deployment_differs, where the timelock has a proposer too many', async () => {
    const { governance } = deployment()
    const role = await client.readContract({
      address: governance,
      abi: governanceAbi,
      functionName: 'PROPOSER_ROLE',
    })
    await meanwhile(async () => {
      await client.impersonateAccount({ address: governance })
      await client.setBalance({ address: governance, value: 10n ** 18n })
      const data = encodeFunctionData({
        abi: governanceAbi,
        functionName: 'grantRole',
        args: [role, stranger],
      })
      const hash = await client.sendTransaction({ account: governance, to: governance, data })
      await client.waitForTransactionReceipt({ hash })
      assert.deepEqual(await differing(), ['Governance: PROPOSER_ROLE'])
    })
    assert.deepEqual(await differing(), [])
  })
})
