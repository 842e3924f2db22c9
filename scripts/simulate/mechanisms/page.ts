import { compareStandards } from './attestation.ts'
import { compareDecays } from './decay.ts'
import { compareSelections } from './selection.ts'

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** The three comparisons as tables of a page (TAP-24). */
export function mechanismTables(): string {
  const selection = table(
    [
      'panel seated by',
      'a third are sybils',
      'seven best bought',
      'half of all stake',
      'busiest tenth sits',
    ],
    compareSelections().map(({ name, sybils, famous, rich, busiest }) => [
      name,
      ...[sybils, famous, rich, busiest].map(percent),
    ]),
  )
  const decay = table(
    ['trades fade by', 'AUC', 'log-loss', 'harmed before it shows'],
    compareDecays().map(({ name, auc, logLoss, harmed }) => [
      name,
      auc.toFixed(3),
      logLoss.toFixed(3),
      harmed.toFixed(1),
    ]),
  )
  const attestation = table(
    ['told by', 'failures told as fulfilled', 'fulfilments told as failed', 'nothing told'],
    compareStandards().map(({ name, praised, slandered, lost }) => [
      name,
      ...[praised, slandered, lost].map(percent),
    ]),
  )
  return [selection, decay, attestation].join('\n\n')
}
