import type { Criterion } from '../protocol/criterion.ts'
import { isMachineChecked } from '../protocol/criterion.ts'

/** What may become a dispute; nothing here forbids a pact (W-15). */
export interface Warning {
  /** Stable code. */
  code:
    | 'no_criteria'
    | 'nothing_machine_checked'
    | 'only_format_checked'
    | 'vague_words'
    | 'short_description'
    | 'one_criterion_decides'
    | 'accuracy_unchecked'
    | 'self_reported_value'
    | 'file_not_in_formats'
    | 'number_not_checked'
  /** Where: `description`, `acceptance`, or the id of a criterion. */
  where: string
  message: string
}

/** What the linter reads of a task or pact. */
export interface Linted {
  description: string
  outputFormats: readonly string[]
  acceptance: readonly Criterion[]
  minAccuracy?: number
  accuracyMethod?: string
}

const VAGUE =
  /\b(good|great|nice|high[- ]quality|quality|professional|appropriate(ly)?|reasonabl[ey]|suitable|sufficient(ly)?|adequate(ly)?|accurate enough|as needed|as necessary|if possible|best effort|user[- ]friendly|intuitive|modern|clean|fast|efficient|robust|comprehensive|thorough|detailed|state of the art|cutting[- ]edge|some|several|various|etc|and so on|asap|soon|tbd|to be decided|satisf(ied|actory|y))\b/gi

const EXTENSIONS: Readonly<Record<string, string>> = {
  json: 'application/json',
  pdf: 'application/pdf',
  md: 'text/markdown',
  csv: 'text/csv',
  txt: 'text/plain',
  html: 'text/html',
  png: 'image/png',
}

/**
 * Warns of what buyer and seller could read in two ways: most disputes come from terms like these. An
 * empty list is no promise.
 */
export function lint(task: Linted): Warning[] {
  const { description, outputFormats, acceptance, minAccuracy, accuracyMethod } = task
  const warnings: Warning[] = []
  const warn = (code: Warning['code'], where: string, message: string) =>
    warnings.push({ code, where, message })

  if (description.trim().length < 40) {
    warn('short_description', 'description', 'Say what is in scope, in at least a sentence')
  }
  warnOfWords('description', description)
  if (acceptance.length === 0) {
    warn('no_criteria', 'acceptance', 'Nothing says when the work is done')
  } else if (!acceptance.some(isMachineChecked)) {
    warn('nothing_machine_checked', 'acceptance', 'Only people or a jury can judge this work')
  } else if (
    acceptance.every(({ verifier }) => ['format', 'deadline', 'jury'].includes(verifier.type))
  ) {
    warn('only_format_checked', 'acceptance', 'Any file of the right type would pass')
  }

  const total = acceptance.reduce((sum, { weight }) => sum + weight, 0)
  for (const criterion of acceptance) {
    const { id, verifier, weight } = criterion
    warnOfWords(id, criterion.description)
    if (verifier.type === 'jury') warnOfWords(id, verifier.question)
    if (acceptance.length > 1 && weight * 10 > total * 9) {
      warn('one_criterion_decides', id, 'More than 90 percent of the weight hangs on it')
    }
    if (verifier.type === 'path') {
      const own = verifier.paths.find((path) =>
        /accuracy|confidence|score|quality|passed/i.test(path),
      )
      if (own !== undefined) {
        warn('self_reported_value', id, `${own} is what the seller says of itself`)
      }
      if (/\d/.test(criterion.description)) {
        warn(
          'number_not_checked',
          id,
          'The description has a number; a path only checks that something is there',
        )
      }
    }
    const file = 'file' in verifier ? verifier.file : undefined
    const mime = EXTENSIONS[file?.split('.').at(-1) ?? '']
    if (mime !== undefined && !outputFormats.includes(mime)) {
      warn('file_not_in_formats', id, `${file} is no file of ${outputFormats.join(', ')}`)
    }
  }
  if (minAccuracy !== undefined && (accuracyMethod ?? 'unverified') === 'unverified') {
    warn('accuracy_unchecked', 'minAccuracy', 'Nothing measures the accuracy')
  }
  return warnings

  function warnOfWords(where: string, text: string): void {
    const words = [...new Set([...text.matchAll(VAGUE)].map(([word]) => word.toLowerCase()))]
    if (words.length > 0) {
      warn('vague_words', where, `Two people read this differently: ${words.join(', ')}`)
    }
  }
}
