import { readingCases } from '../../test/e2e/hostile/reading.ts'
import { signedCases } from '../../test/e2e/hostile/signed.ts'

/** The page of docs/errors.md, out of the very cases that test/e2e/hostile.test.ts runs. */
export function errorsPage(): string {
  const groups = new Map<string, { attack: string; what: string; answer: string; on: string[] }>()
  for (const { on, attack, what, answer } of [...signedCases, ...readingCases]) {
    const key = `${attack} ${what} ${answer}`
    const group = groups.get(key) ?? { attack, what, answer, on: [] }
    group.on.push(on)
    groups.set(key, group)
  }
  const rows = [...groups.values()].map(
    ({ attack, what, answer, on }) => `| ${attack} | ${what} | \`${answer}\` | ${on.join(', ')} |`,
  )
  return `# Hostile input and its answers

Written by \`npm run -s errors -- --write\` from the cases of test/e2e/hostile, each of which is run by \`npm test\`. Over HTTP the answer is a problem (RFC 9457): its status, then its stable \`code\`. Messages are for people and may change; codes do not.

| attack | what is sent | answer | to |
|---|---|---|---|
${rows.join('\n')}

What a seller answers to hostile messages stands in [a2a-extension.md](a2a-extension.md).
`
}
