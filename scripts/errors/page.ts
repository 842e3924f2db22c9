import { buyerRpcCases } from '../../test/e2e/hostile/buyerRpc.ts'
import { cardCases } from '../../test/e2e/hostile/card.ts'
import type { Case } from '../../test/e2e/hostile/case.ts'
import { deliveryCases } from '../../test/e2e/hostile/delivery.ts'
import { negotiationCases } from '../../test/e2e/hostile/negotiation.ts'
import { oracleCases } from '../../test/e2e/hostile/oracle.ts'
import { proposalCases } from '../../test/e2e/hostile/proposal.ts'
import { readingCases } from '../../test/e2e/hostile/reading.ts'
import { signedCases } from '../../test/e2e/hostile/signed.ts'
import { transportCases } from '../../test/e2e/hostile/transport.ts'
import { workCases } from '../../test/e2e/hostile/work.ts'
import { writingCases } from '../../test/e2e/hostile/writing.ts'

type Told = Pick<Case<never>, 'on' | 'attack' | 'what' | 'answer'>

/** The page of docs/errors.md, out of the very cases that test/e2e/hostile.*.test.ts run. */
export function errorsPage(): string {
  const sections: [title: string, about: string, cases: readonly Told[]][] = [
    [
      'Requests to an oracle',
      'The answer is a problem (RFC 9457): its status, then its stable `code`.',
      [...signedCases, ...readingCases, ...writingCases],
    ],
    [
      'A2A requests to a seller',
      'The answer is an error of JSON-RPC: the HTTP status where it is not 200, then the code of A2A 1.0.',
      transportCases,
    ],
    [
      'What is said to a seller',
      'The answer is the `status` of the [extension](a2a-extension.md), then the `reasonCode` of a refusal; `talk` is words alone, which change nothing. `pact_negotiation` and so on are task types; `<capability>` is the word to begin, to a seller that reads the chain through the RPCs named.',
      [...proposalCases, ...negotiationCases, ...workCases],
    ],
    [
      'Cards, as `discover` meets them',
      'The code of the `EarnestError` that is thrown.',
      cardCases,
    ],
    [
      'Oracles, as the SDK meets them',
      'The code of the `EarnestError` that is thrown; `taken` stands where nothing was wrong.',
      [...oracleCases, ...deliveryCases],
    ],
    [
      'RPCs, as a buyer meets them',
      'The code that is thrown. A buyer that follows a trade throws nothing: it stays `pending` with the code as its reason, does nothing, and looks again.',
      buyerRpcCases,
    ],
  ]
  const count = sections.reduce((sum, [, , cases]) => sum + cases.length, 0)
  return `# Hostile input and its answers

Written by \`npm run -s errors -- --write\` from the ${count} cases of test/e2e/hostile, each of which is run by \`npm test\`. Messages are for people and may change; codes do not.
${sections.map(([title, about, cases]) => section(title, about, cases)).join('')}`
}

function section(title: string, about: string, cases: readonly Told[]): string {
  const groups = new Map<string, Omit<Told, 'on'> & { on: string[] }>()
  for (const { on, attack, what, answer } of cases) {
    const key = `${attack} ${what} ${answer}`
    const group = groups.get(key) ?? { attack, what, answer, on: [] }
    group.on.push(on)
    groups.set(key, group)
  }
  const rows = [...groups.values()].map(
    ({ attack, what, answer, on }) =>
      `| ${attack} | ${what} | \`${answer}\` | ${on.map((name) => name.replace(/[<>]/g, '\\$&')).join(', ')} |`,
  )
  return `
## ${title}

${about}

| attack | what | answer | to |
|---|---|---|---|
${rows.join('\n')}
`
}
