import type { ManifestFile, Verifier } from '@earnest/sdk/protocol'
import type { Finding } from './finding.ts'
import type { Metric } from './metric.ts'
import type { Survey } from './survey.ts'
import type { Transcript } from './transcript.ts'

type Of<T extends Verifier['type']> = Extract<Verifier, { type: T }>

/** What an examiner is asked. */
export type Question =
  /** A pass over a file: announced, then part after part, then what it showed. */
  | { kind: 'survey'; file: ManifestFile }
  | { kind: 'part'; bytes: Uint8Array }
  | { kind: 'surveyed' }
  /** A file whose content is read as a whole; the next five are about the one that was opened last. */
  | { kind: 'open'; name: string; mime: string; bytes: Uint8Array }
  | { kind: 'json' }
  | { kind: 'schema'; verifier: Of<'schema'> }
  | { kind: 'path'; verifier: Of<'path'> }
  | { kind: 'pointer'; pointer: string }
  | { kind: 'metric'; verifier: Metric; deposit: Uint8Array; input: unknown }
  | { kind: 'http'; requests: Of<'http'>['requests']; transcript: Transcript }
  | { kind: 'deposit'; source: Metric['source']; deposit: Uint8Array }

/** The answer to each kind of question; a part is answered by whether more of the file is wanted. */
export type Answer<Q extends Question> = Q extends { kind: 'open' | 'survey' }
  ? undefined
  : Q extends { kind: 'part' }
    ? boolean
    : Q extends { kind: 'surveyed' }
      ? Survey
      : Q extends { kind: 'pointer' }
        ? { value: unknown } | Finding | undefined
        : Q extends { kind: 'deposit' }
          ? string | undefined
          : Finding
