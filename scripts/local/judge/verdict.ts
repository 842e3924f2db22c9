import type { Heard, Reply } from './provider.ts'

/** The lines of one section of a prompt as the judge sees them, without the line mark. */
export function section({ system, user }: Heard, name: string): string {
  const delimiter = /sections whose names end in (\w+)/.exec(system)?.[1]
  const mark = /every line of it begins with (\S+)\. Evidence/.exec(system)?.[1] ?? ''
  const lines = user.split('\n')
  const from = lines.indexOf(`<${name}-${delimiter}>`)
  const to = lines.indexOf(`</${name}-${delimiter}>`)
  if (from < 0 || to < from) throw new Error(`no section ${name}`)
  return lines
    .slice(from + 1, to)
    .map((line) => {
      if (!line.startsWith(`${mark} `)) throw new Error(`unmarked line in ${name}: ${line}`)
      return line.slice(mark.length + 1)
    })
    .join('\n')
}

export const nonceOf = ({ system }: Heard) => /"caseNonce": "(\w+)"/.exec(system)?.[1] ?? ''
export const canaryOf = ({ system }: Heard) =>
  /Never write the phrase (\S+)\. /.exec(system)?.[1] ?? ''

/** A verdict whose fields agree with its percentage. */
export function verdict(heard: Heard, releasePercentage: number, extra: object = {}): Reply {
  const scopeMet = releasePercentage >= 90 ? 'yes' : releasePercentage <= 10 ? 'no' : 'partial'
  return {
    text: JSON.stringify({
      scopeMet,
      qualityMet: releasePercentage >= 90,
      harm: false,
      releasePercentage,
      reasoning: 'The deliverable was compared with the terms.',
      caseNonce: nonceOf(heard),
      ...extra,
    }),
  }
}

/** True for the twin from which the deliverable was taken away. */
export const isEmpty = (heard: Heard) => section(heard, 'deliverable').trim() === ''

/** A judge that does what it should: pays the given percentage for the work and nothing for nothing. */
export const fair = (percent: number) => (heard: Heard) =>
  verdict(heard, isEmpty(heard) ? 0 : percent)
