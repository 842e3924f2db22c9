import { issueBearer } from '../../../sdk/src/negotiation/bearer.ts'
import { PACT_EXTENSION } from '../../../sdk/src/protocol/message.ts'
import { ENDPOINT, type Quiet } from '../a2a/quietSeller.ts'
import { begin, messageOf, post, type Wire } from '../a2a/subject.ts'
import type { Attack, Case } from './case.ts'

/** HTTP status where it is not 200, then the JSON-RPC code; `taken` where nothing was refused. */
export async function rpcAnswerOf(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error?: { code: number } }
  const status = response.status === 200 ? '' : `${response.status} `
  return error === undefined ? `${status}taken` : `${status}${error.code}`
}

type Shot = {
  body?: unknown
  raw?: string | Uint8Array
  headers?: Record<string, string>
  params?: unknown
}
type Row = [
  attack: Attack,
  what: string,
  answer: string,
  make: (quiet: Quiet) => Shot | Promise<Shot>,
]

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })
const issue = ({ buyer, clock }: Quiet, audience = ENDPOINT, skew = 0) =>
  issueBearer({ identity: buyer.identity, audience, now: clock.now() + skew })

/** What is tried on every method: nothing of it reaches the method. */
const onAll: Row[] = [
  ['malformed', 'not JSON', '-32700', () => ({ raw: '{"jsonrpc"' })],
  ['malformed', 'not UTF-8', '-32700', () => ({ raw: Uint8Array.from([0x22, 0xff, 0x22]) })],
  [
    'malformed',
    'another content type',
    '-32005',
    () => ({ headers: { 'content-type': 'text/plain' } }),
  ],
  ['malformed', 'a batch', '-32600', () => ({ body: [] })],
  ['malformed', 'another JSON-RPC version', '-32600', () => ({ body: { jsonrpc: '1.0' } })],
  ['malformed', 'an id that is an object', '-32600', () => ({ body: { id: {} } })],
  [
    'oversized',
    'a body of 2 MiB and a byte',
    '413 -32600',
    () => ({ raw: `"${' '.repeat(2 * 1024 * 1024)}"` }),
  ],
  ['stale', 'a version of the future', '-32009', () => ({ headers: { 'a2a-version': '2.0' } })],
  [
    'wrong key',
    'a token signed by another key than its issuer',
    '401 -32600',
    (quiet) => bearer(forge(issue(quiet))),
  ],
  ['wrong key', 'a token that is none', '401 -32600', () => bearer('a.b.c')],
  [
    'wrong key',
    'a token of another scheme',
    '401 -32600',
    () => ({ headers: { authorization: 'Basic YTpi' } }),
  ],
  [
    'lying',
    'a token for another endpoint',
    '401 -32600',
    (quiet) => bearer(issue(quiet, 'http://other.test/a2a')),
  ],
  [
    'stale',
    'a token of ten minutes ago',
    '401 -32600',
    (quiet) => bearer(issue(quiet, ENDPOINT, -600)),
  ],
  [
    'clock skew',
    'a token of ten minutes ahead',
    '401 -32600',
    (quiet) => bearer(issue(quiet, ENDPOINT, 600)),
  ],
  [
    'replayed',
    'a token that was used',
    '401 -32600',
    async (quiet) => {
      const token = issue(quiet)
      await send(quiet, 'ListTasks', bearer(token))
      return bearer(token)
    },
  ],
]

const onParams: Row[] = [
  ['malformed', 'params that are a list', '-32602', () => ({ params: [] })],
  ['malformed', 'no params', '-32602', () => ({ body: { params: undefined } })],
]

/** A task of the buyer, asked for by another agent. */
const foreign = async (quiet: Quiet): Promise<Shot> => {
  const { id } = await begin(quiet.subject, 'open')
  return { params: { id, ...messageTo(id) }, headers: { authorization: quiet.bearer(quiet.owner) } }
}
const messageTo = (taskId: string) => ({ message: messageOf('m', { taskId }) })
const ended = async (quiet: Quiet): Promise<Shot> => {
  const { id } = await begin(quiet.subject, 'open')
  await send(quiet, 'CancelTask', { params: { id } })
  return { params: { id, ...messageTo(id) } }
}
const parts = (...list: Wire[]) => ({ params: { message: messageOf('m', { parts: list }) } })

const sending: Row[] = [
  ['malformed', 'no message', '-32602', () => ({ params: {} })],
  [
    'malformed',
    'a message without an id',
    '-32602',
    () => ({ params: { message: { role: 'ROLE_USER', parts: [{ text: 'a' }] } } }),
  ],
  ['malformed', 'a message without parts', '-32602', () => parts()],
  [
    'malformed',
    'a file of a type that the card does not list',
    '-32005',
    () => parts({ raw: 'AAAA', mediaType: 'application/x-sh' }),
  ],
  [
    'malformed',
    'an address of a file of such a type',
    '-32005',
    () => parts({ url: 'file:///etc/passwd', mediaType: 'text/x-secret' }),
  ],
  ['lying', 'a task that is not there', '-32001', () => ({ params: messageTo('nowhere') })],
  ['lying', 'the task of another agent', '-32001', foreign],
  [
    'lying',
    'a task with the context of another',
    '-32602',
    async (quiet) => {
      const { id } = await begin(quiet.subject, 'open')
      return { params: { message: messageOf('m', { taskId: id, contextId: 'another' }) } }
    },
  ],
  ['stale', 'a task that has ended', '-32004', ended],
  [
    'lying',
    'no sign that the client knows the extension',
    '-32008',
    () => ({ headers: { 'a2a-extensions': '' } }),
  ],
]
const byId = (ends: string): Row[] => [
  ['malformed', 'no task id', '-32602', () => ({ params: {} })],
  ['lying', 'a task that is not there', '-32001', () => ({ params: { id: 'nowhere' } })],
  ['lying', 'the task of another agent', '-32001', foreign],
  ...(ends === '' ? [] : ([['stale', 'a task that has ended', ends, ended]] as Row[])),
]
const push: Row[] = [
  [
    'lying',
    'a webhook of the sender’s choice',
    '-32003',
    () => ({ params: { taskId: 't', id: 'c', url: 'http://169.254.169.254/' } }),
  ],
]

/** The methods of A2A 1.0. */
const own: Record<string, Row[]> = {
  SendMessage: sending,
  SendStreamingMessage: sending,
  GetTask: byId(''),
  ListTasks: [
    ['oversized', 'a page of 101', '-32602', () => ({ params: { pageSize: 101 } })],
    ['lying', 'a cursor of its own making', '-32602', () => ({ params: { pageToken: 'x' } })],
  ],
  CancelTask: byId('-32002'),
  SubscribeToTask: byId('-32004'),
  CreateTaskPushNotificationConfig: push,
  GetTaskPushNotificationConfig: push,
  ListTaskPushNotificationConfigs: push,
  DeleteTaskPushNotificationConfig: push,
  GetExtendedAgentCard: [['lying', 'a card that is not there', '-32004', () => ({})]],
}

/** What a client of before A2A 1.0 sends beside its request. */
const OLD_HEADERS = { 'a2a-version': '0.3', 'x-a2a-extensions': PACT_EXTENSION }
const oldMessage = (changes: Wire = {}): Wire => ({
  kind: 'message',
  messageId: crypto.randomUUID(),
  role: 'user',
  parts: [{ kind: 'text', text: 'Hello' }],
  ...changes,
})
const script = [{ kind: 'file', file: { bytes: 'AAAA', mimeType: 'application/x-sh' } }]
const said =
  (changes: Wire): Row[3] =>
  (): Shot => ({ params: { message: oldMessage(changes) } })
const ofAnother: Row[3] = async (quiet) => {
  const { params, headers = {} } = await foreign(quiet)
  const { id } = params as { id: string }
  return { params: { id, message: oldMessage({ taskId: id }) }, headers }
}

const oldSending: Row[] = [
  ['malformed', 'no message', '-32602', () => ({ params: {} })],
  ['malformed', 'a message without an id', '-32602', said({ messageId: undefined })],
  ['malformed', 'a message without parts', '-32602', said({ parts: [] })],
  ['malformed', 'a file of a type that the card does not list', '-32005', said({ parts: script })],
  ['lying', 'a task that is not there', '-32001', said({ taskId: 'nowhere' })],
  ['lying', 'the task of another agent', '-32001', ofAnother],
]
const oldById: Row[] = [
  ['malformed', 'no task id', '-32602', () => ({ params: {} })],
  ['lying', 'a task that is not there', '-32001', () => ({ params: { id: 'nowhere' } })],
  ['lying', 'the task of another agent', '-32001', ofAnother],
]
const oldPush: Row[] = [
  [
    'lying',
    'a webhook of the sender’s choice',
    '-32003',
    () => ({
      params: { taskId: 't', id: 't', pushNotificationConfig: { url: 'http://169.254.169.254/' } },
    }),
  ],
]

/** The methods of A2A 0.3 and of the first drafts, which a seller that names 0.3 answers too. */
const old: Record<string, Row[]> = {
  'message/send': oldSending,
  'message/stream': oldSending,
  'tasks/send': [
    ['malformed', 'neither message nor task type', '-32602', () => ({ params: {} })],
    ['malformed', 'a message without parts', '-32602', said({ parts: [] })],
    [
      'malformed',
      'a file of a type that the card does not list',
      '-32005',
      said({ parts: script }),
    ],
  ],
  'tasks/get': oldById,
  'tasks/cancel': oldById,
  'tasks/resubscribe': oldById,
  'tasks/pushNotificationConfig/set': [
    ['malformed', 'no address', '-32602', () => ({ params: { taskId: 't' } })],
    ...oldPush,
  ],
  'tasks/pushNotificationConfig/get': oldPush,
  'tasks/pushNotificationConfig/list': oldPush,
  'tasks/pushNotificationConfig/delete': oldPush,
  'agent/getAuthenticatedExtendedCard': [
    ['lying', 'a card that is not there', '-32004', () => ({})],
  ],
  'tasks/nothing': [['malformed', 'a method that nobody knows', '-32601', () => ({})]],
}

async function send(quiet: Quiet, method: string, shot: Shot): Promise<Response> {
  const isOld = method in old
  const message = isOld ? oldMessage() : messageOf('m')
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method,
    params: shot.params ?? { id: 't', taskId: 't', message },
  }
  const whole = Array.isArray(shot.body) ? shot.body : { ...body, ...(shot.body as object) }
  const headers = { ...(isOld && OLD_HEADERS), ...shot.headers }
  return await post(quiet.subject, shot.raw ?? whole, headers)
}

/** The signature with one bit turned. */
function forge(token: string): string {
  const last = token.at(-10) === 'A' ? 'B' : 'A'
  return token.slice(0, -10) + last + token.slice(-9)
}

/** Methods whose params nothing is asked of. */
const WITHOUT_PARAMS = ['GetExtendedAgentCard', 'agent/getAuthenticatedExtendedCard', 'Nothing']

/** Every A2A method of a seller, in each dialect, under everything that can be wrong with a request. */
export const transportCases: readonly Case<Quiet>[] = Object.entries({
  ...own,
  Nothing: [['malformed', 'a method that nobody knows', '-32601', () => ({})]] satisfies Row[],
  ...old,
}).flatMap(([on, rows]) =>
  [...onAll, ...(WITHOUT_PARAMS.includes(on) ? [] : onParams), ...rows].map(
    ([attack, what, answer, make]) => ({
      on,
      attack,
      what,
      answer,
      act: async (quiet: Quiet) => rpcAnswerOf(await send(quiet, on, await make(quiet))),
    }),
  ),
)
