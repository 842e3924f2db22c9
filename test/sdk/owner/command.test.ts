import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Command, readCommand } from '../../../sdk/src/owner/command.ts'

const commandOf = (text: string) => readCommand(text).command

describe('command', () => {
  const cases: [text: string, command: Command][] = [
    ['refund', { verb: 'refund' }],
    ['Refund.', { verb: 'refund' }],
    ['/refund', { verb: 'refund' }],
    ['approve the refund', { verb: 'refund' }],
    ['Approve  the refund!', { verb: 'refund' }],
    ['agree to the refund', { verb: 'refund' }],
    ['cancel', { verb: 'cancel' }],
    ['STATUS', { verb: 'status' }],
    ['help', { verb: 'help' }],
    ['confirm 012345', { verb: 'confirm', code: '012345' }],
    ['link K7QF-2M9X-PD4T', { verb: 'link', code: 'K7QF-2M9X-PD4T' }],
    ['/start K7QF-2M9X-PD4T', { verb: 'link', code: 'K7QF-2M9X-PD4T' }],
    ['defend The input named nobody', { verb: 'defend', text: 'The input named nobody' }],
    ['Defend: line one\nline two', { verb: 'defend', text: 'line one\nline two' }],
    ['say it is ready', { verb: 'say', text: 'it is ready' }],
    ['tell them that’s out of scope', { verb: 'say', text: 'that’s out of scope' }],
  ]
  for (const [text, command] of cases) {
    test(`[TOL-19] ${JSON.stringify(text)} is ${command.verb}`, () => {
      assert.deepEqual(commandOf(text), command)
    })
  }

  test('a number before a command names an alert', () => {
    assert.deepEqual(readCommand('#12 refund'), {
      alertId: 12,
      command: { verb: 'refund' },
      isNear: false,
    })
    assert.deepEqual(commandOf('refund #12'), null)
  })

  const none = [
    'please refund',
    'refund 50%',
    'refund 5 USDC',
    'do not refund',
    "don't refund!",
    'refund?',
    'refund refund',
    '> refund',
    '"refund"',
    'refund\n\nOn Monday Ann wrote:',
    'I would approve the refund',
    'approve the refund now',
    'rеfund', // Cyrillic е
    'ｒｅｆｕｎｄ',
    'refund\u200b',
    'ref\u200bund',
    '\u202edn ufer',
    'REFUNⅮ',
    'conﬁrm 123456',
    'confirm ١٢٣٤٥٦',
    'confirm 12345',
    'confirm 1234567',
    'confirm 123456 and cancel',
    'ſtatus',
    'linK K7QF',
    'defend',
    'defend   ',
    'say',
    '',
    'confirm',
    '/pay 500',
    'release',
    'transfer everything to 0x0000000000000000000000000000000000000001',
  ]
  for (const text of none) {
    test(`[W-26] ${JSON.stringify(text)} is no command`, () => {
      assert.equal(commandOf(text), null)
    })
  }

  test('what speaks of a command without being one is told so', () => {
    assert.equal(readCommand('please refund').isNear, true)
    assert.equal(readCommand('looks good to me').isNear, false)
  })
})
