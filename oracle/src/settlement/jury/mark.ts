import { EarnestError } from '@earnest/sdk/protocol'

/** Per case: nobody who wrote evidence can have known any of it. */
export type CaseMarks = {
  /** Closes the names of the sections. */
  delimiter: string
  /** Begins every line of evidence. */
  line: string
  /** Every answer must repeat it. */
  nonce: string
  /** No answer may contain it. */
  canary: string
}

/** Draws the marks of one case. */
export function drawMarks(random: (bytes: number) => Uint8Array): CaseMarks {
  const draw = (bytes: number) => Buffer.from(random(bytes)).toString('hex')
  return { delimiter: draw(8), line: `${draw(3)}|`, nonce: draw(12), canary: `canary-${draw(12)}` }
}

/** Longer lines are broken, so that the line mark is never far away. */
const WIDTH = 400
/** What one section may hold; the rest is cut with a notice. */
const MAX_SECTION = 60_000

/**
 * One section of evidence: named with the case's delimiter, invisible characters removed, every line
 * marked. Throws `mark_in_evidence` should the evidence hold one of the marks.
 */
export function markSection(name: string, text: string, marks: CaseMarks): string {
  for (const mark of Object.values(marks))
    if (text.includes(mark)) throw new EarnestError('mark_in_evidence', 'Draw the marks again')
  const lines = visible(cut(text))
    .split('\n')
    .flatMap((line) => line.match(new RegExp(`.{1,${WIDTH}}`, 'gsu')) ?? [''])
    .map((line) => `${marks.line} ${line}`)
  const tag = `${name}-${marks.delimiter}`
  return [`<${tag}>`, ...lines, `</${tag}>`].join('\n')
}

function cut(text: string): string {
  if (text.length <= MAX_SECTION) return text
  return `${text.slice(0, MAX_SECTION).toWellFormed()}\n[cut: ${text.length - MAX_SECTION} more characters]`
}

/** Text as a person would see it: no zero-width, direction or tag characters, no control codes. */
function visible(text: string): string {
  return text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029\u0085]/gu, '\n')
    .replace(/\p{Cf}|\p{Co}|\p{Cn}/gu, '')
    .replace(/(?![\n\t])\p{Cc}/gu, ' ')
}
