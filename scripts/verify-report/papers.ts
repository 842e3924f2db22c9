import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Attestation,
  attestationSchema,
  decode,
  hashBytes,
  type Manifest,
  manifestSchema,
  reportSchema,
  type SignedPact,
  signedPactSchema,
  type VerificationReport,
} from '@earnest/sdk/protocol'
import * as z from 'zod'
import { type ChainLog, chainLogSchema } from '../../oracle/src/settlement/replay.ts'
import {
  hashTranscript,
  type Transcript,
  transcriptSchema,
} from '../../oracle/src/settlement/verify/transcript.ts'

/** The papers of one trade; what the folder does not have is undefined. */
export interface Papers {
  signed: SignedPact
  manifest: Manifest | undefined
  report: VerificationReport | undefined
  attestation: Attestation | undefined
  logs: ChainLog[] | undefined
  /** Where a delivered file lies; a name of a manifest can never lead out of the folder. */
  pathOf(name: string): string
  /** By the hash of their bytes, whatever they are called. */
  deposits: ReadonlyMap<string, Uint8Array>
  /** Recorded HTTP answers by the criterion whose finding names them. */
  transcripts: Record<string, Transcript>
}

/** Reads a folder of papers. Throws `invalid_pact` and the like for papers that are none. */
export function readPapers(folder: string): Papers {
  const read = <S extends z.ZodType>(name: string, schema: S, code: string) => {
    const path = join(folder, name)
    return existsSync(path)
      ? decode(schema, JSON.parse(readFileSync(path, 'utf8')), code)
      : undefined
  }
  const all = (name: string) => {
    const path = join(folder, name)
    return existsSync(path) ? readdirSync(path).map((file) => readFileSync(join(path, file))) : []
  }
  const report = read('report.json', reportSchema, 'invalid_report')
  const recorded = new Map(
    all('transcripts').map((bytes) => {
      const transcript = transcriptSchema.parse(JSON.parse(bytes.toString()))
      return [hashTranscript(transcript), transcript]
    }),
  )
  const named = (report?.findings ?? []).flatMap(({ id, transcript }) => {
    const found = transcript === null ? undefined : recorded.get(transcript)
    return found ? [[id, found] as const] : []
  })
  return {
    signed: decode(
      signedPactSchema,
      JSON.parse(readFileSync(join(folder, 'pact.json'), 'utf8')),
      'invalid_pact',
    ),
    manifest: read('manifest.json', manifestSchema, 'invalid_manifest'),
    report,
    attestation: read('attestation.json', attestationSchema, 'invalid_attestation'),
    logs: read('logs.json', z.array(chainLogSchema), 'invalid_logs'),
    pathOf: (name) => join(folder, 'files', name),
    deposits: new Map(all('deposits').map((bytes) => [hashBytes(bytes), bytes])),
    transcripts: Object.fromEntries(named),
  }
}
