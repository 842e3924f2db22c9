import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { PactWire } from '@earnest/sdk/protocol'
import {
  createGuardedFetch,
  createPublicLookup,
  isAllowedUrl,
  publicLookup,
  type TestAnswer,
  type TestFetch,
  type TestRequest,
} from '../../../../oracle/src/settlement/verify/guardedFetch.ts'
import { isPublicAddress } from '../../../../oracle/src/settlement/verify/publicAddress.ts'
import type { Transcript } from '../../../../oracle/src/settlement/verify/transcript.ts'
import { json } from './files.ts'
import { analysis, check, checkOf, goodFiles } from './setup.ts'

const answer = (status: number, body: unknown, contentType = 'application/json'): TestAnswer => ({
  status,
  contentType,
  body: new TextEncoder().encode(JSON.stringify(body)),
})
const acceptance: PactWire['acceptance'] = [
  {
    id: 'api',
    description: 'The deployed service answers',
    weight: 1,
    verifier: {
      type: 'http',
      base: { file: 'result.json', pointer: '/url' },
      requests: [
        { method: 'GET', path: '/health', expect: { status: 200 } },
        {
          method: 'POST',
          path: '/sum',
          body: [1, 2],
          expect: {
            status: 200,
            contentType: 'application/json',
            schema: { type: 'object', properties: { sum: { const: 3 } }, required: ['sum'] },
          },
        },
      ],
    },
  },
]
const files = (url: unknown) => ({ ...goodFiles, 'result.json': json({ ...analysis, url }) })
const served =
  (sum: unknown): TestFetch =>
  async ({ method }) =>
    method === 'GET' ? answer(200, 'ok') : answer(200, { sum })
const run = (fetch: TestFetch | undefined, url: unknown = 'https://api.example.com/ignored') =>
  check({ pact: { acceptance }, files: files(url), ...(fetch && { fetch }) })

describe('http', () => {
  test('a service that answers as agreed passes', async () => {
    const asked: TestRequest[] = []
    const report = await run(async (request) => {
      asked.push(request)
      return served(3)(request)
    })
    assert.equal(report.result, 'PASS')
    assert.deepEqual(
      asked.map(({ method, url }) => `${method} ${url}`),
      ['GET https://api.example.com/health', 'POST https://api.example.com/sum'],
    )
    assert.equal(new TextDecoder().decode(asked[1]?.body ?? undefined), '[1,2]')
    assert.match(checkOf(report, 'api').transcript ?? '', /^[0-9a-f]{64}$/)
  })

  const wrong: [string, TestFetch][] = [
    ['another body', served(4)],
    ['no answer', async () => null],
    ['another status', async () => answer(500, { sum: 3 })],
    [
      'another content type',
      async ({ method }) =>
        method === 'GET' ? answer(200, 'ok') : answer(200, { sum: 3 }, 'text/html'),
    ],
  ]
  for (const [name, fetch] of wrong) {
    test(`${name} fails and is named`, async () => {
      const report = await run(fetch)
      assert.equal(report.result, 'FAIL')
      assert.ok(checkOf(report, 'api').missing.some((line) => line.startsWith('POST /sum: ')))
    })
  }

  test('without a network and without a record nothing is decided', async () => {
    const report = await run(undefined)
    assert.deepEqual([report.result, checkOf(report, 'api').code], ['UNDECIDED', 'not_run'])
  })

  for (const url of [null, 'http://api.example.com', 'file:///etc/passwd', 'nonsense', 5]) {
    test(`a delivery that names ${url} names no service`, async () => {
      const report = await run(served(3), url)
      assert.equal(checkOf(report, 'api').code, 'url_missing')
      assert.equal(report.result, 'FAIL')
    })
  }

  test('a path cannot leave its host', async () => {
    const asked: string[] = []
    const [criterion] = acceptance
    assert.ok(criterion?.verifier.type === 'http')
    const requests = [{ method: 'GET' as const, path: '//evil.example/x', expect: { status: 200 } }]
    const verifier = { ...criterion.verifier, requests }
    await check({
      pact: { acceptance: [{ ...criterion, verifier }] },
      files: files('https://api.example.com'),
      fetch: async ({ url }) => {
        asked.push(new URL(url).host)
        return null
      },
    })
    assert.deepEqual(asked, ['api.example.com'])
  })

  test('recorded answers that were bent, cut or taken from elsewhere are not believed', async () => {
    let recorded: Transcript = []
    const options = { pact: { acceptance }, files: files('https://api.example.com') }
    const onTranscript = (_: string, transcript: Transcript) => {
      recorded = transcript
    }
    await check({ ...options, fetch: served(4), onTranscript })
    const [first, second] = recorded
    assert.ok(first && second)
    const body = Buffer.from('{"sum":3}').toString('base64')
    const bent = await check({ ...options, transcripts: { api: [first, { ...second, body }] } })
    assert.equal(bent.result, 'FAIL')
    const cut = await check({ ...options, transcripts: { api: [first] } })
    assert.equal(checkOf(cut, 'api').code, 'transcript_unusable')
    const moved = { ...second, url: 'https://other.example.com/sum' }
    const foreign = await check({ ...options, transcripts: { api: [first, moved] } })
    assert.equal(checkOf(foreign, 'api').code, 'transcript_unusable')
  })
})

describe('guardedFetch', () => {
  const inside = [
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '198.18.0.1',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:db8::1',
    'ff02::1',
    'fe80::1%eth0',
    'localhost',
    '',
  ]
  for (const address of inside) {
    test(`${address || 'nothing'} is not public`, () =>
      assert.equal(isPublicAddress(address), false))
  }
  for (const address of [
    '8.8.8.8',
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700:4700::1111',
  ]) {
    test(`${address} is public`, () => assert.equal(isPublicAddress(address), true))
  }

  const refused = [
    'http://example.com/',
    'https://example.com:8443/',
    'https://user@example.com/',
    'https://user:pass@example.com/',
    'https://127.0.0.1/',
    'https://[::1]/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::ffff:10.0.0.1]/',
    'ftp://example.com/',
  ]
  for (const url of refused) {
    test(`${url} is refused before a socket is opened`, async () => {
      assert.equal(isAllowedUrl(new URL(url)), false)
      const fetch = createGuardedFetch()
      assert.equal(await fetch({ method: 'GET', url, headers: {}, body: null }), null)
    })
  }

  test('a header that no client can write is no answer, and breaks nothing', async () => {
    const fetch = createGuardedFetch()
    for (const value of ['a\nb', '\u65e5', '\0']) {
      const headers = { accept: value }
      const url = 'https://example.com/'
      assert.equal(await fetch({ method: 'GET', url, headers, body: null }), null)
    }
  })

  for (const all of [true, false]) {
    test(`a name of this machine is looked up and refused (all: ${all})`, async () => {
      const error = await new Promise((resolve) => {
        publicLookup('localhost', { all }, (failure) => resolve(failure))
      })
      assert.ok(error instanceof Error && error.message === 'not a public address')
    })
  }

  const answers: [string, string[], boolean][] = [
    ['public addresses', ['93.184.216.34', '2606:2800:220:1::1'], true],
    ['one address of this network among public ones', ['93.184.216.34', '10.0.0.7'], false],
    ['the metadata service', ['169.254.169.254'], false],
    ['an IPv4 address inside IPv6', ['::ffff:169.254.169.254'], false],
    ['an IPv4 address behind NAT64', ['64:ff9b::a00:7'], false],
    ['a unique local address', ['fd12::1'], false],
    ['nothing', [], false],
  ]
  for (const [name, addresses, isAllowed] of answers) {
    test(`a name that means ${name} is ${isAllowed ? 'reached' : 'refused'}`, async () => {
      const resolve = createPublicLookup((_, __, callback) =>
        callback(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        ),
      )
      const error = await new Promise((done) =>
        resolve('x.example', {}, (failure) => done(failure)),
      )
      assert.equal(error === null, isAllowed)
    })
  }

  test('a name that changes its meaning is looked up where the socket is opened, once', async () => {
    // The first answer would pass a check made beforehand; the socket gets the second.
    let asked = 0
    const rebinding = createPublicLookup((_, __, callback) =>
      callback(null, [{ address: asked++ === 0 ? '93.184.216.34' : '127.0.0.1', family: 4 }]),
    )
    const meaning = () =>
      new Promise((done) => rebinding('x.example', {}, (error, address) => done(error ?? address)))
    assert.equal(await meaning(), '93.184.216.34')
    assert.ok((await meaning()) instanceof Error)
  })

  test('a redirect is an answer like any other and leads nowhere', async () => {
    const asked: string[] = []
    const report = await check({
      pact: { acceptance },
      files: files('https://api.example.com'),
      fetch: async ({ url }) => {
        asked.push(url)
        return { status: 302, contentType: null, body: new Uint8Array() }
      },
    })
    assert.equal(checkOf(report, 'api').outcome, 'fail')
    assert.ok(asked.every((url) => url.startsWith('https://api.example.com/')))
  })

  test('a name that resolves to this machine is refused where the socket is opened', async () => {
    let reached = 0
    const server = createServer(() => reached++).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    assert.ok(port > 0)
    assert.equal(isAllowedUrl(new URL('https://localhost/')), true)
    const fetch = createGuardedFetch()
    const url = 'https://localhost/'
    assert.equal(await fetch({ method: 'GET', url, headers: {}, body: null }), null)
    assert.equal(reached, 0)
    server.close()
  })
})
