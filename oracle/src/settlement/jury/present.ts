import {
  canonicalText,
  type Manifest,
  manifestSchema,
  reportSchema,
  signedClaimSchema,
  signedDefenceSchema,
  type VerificationReport,
} from '@earnest/sdk/protocol'
import * as z from 'zod'
import { capOfReport } from '../cap.ts'
import type { EvidencePackage } from './prompt.ts'

/** What of the stored package the judges are shown. */
const packageSchema = z.object({
  pact: z.object({
    buyer: z.object({ did: z.string() }),
    seller: z.object({ did: z.string() }),
    capability: z.string(),
    taskDescription: z.string(),
    input: z.json(),
    deliverableFormat: z.array(z.string()),
    acceptance: z.json(),
    accuracyRequirement: z.json().optional(),
    paymentUsdc: z.string(),
    deadlineUtc: z.string(),
    milestones: z.json().optional(),
  }),
  manifest: manifestSchema.nullable(),
  report: reportSchema.nullable(),
  claims: z.array(signedClaimSchema),
  defence: signedDefenceSchema.nullable(),
  evidence: z.array(
    z.object({ submittedBy: z.string(), verified: z.boolean(), content: z.json() }),
  ),
})
type Package = z.output<typeof packageSchema>

/** Files of these types are shown as text; of the others the judges see name, type, size and hash. */
const readable = /^(?:text\/.+|application\/(?:json|xml|yaml|javascript|.+\+(?:json|xml)))$/
/** Characters of one file that are shown. */
const MAX_FILE_TEXT = 50_000
/** Characters of a whole delivery that are shown: more than any judge reads, and little to hold. */
const MAX_TEXT = 1_000_000
/** Bytes that a character of UTF-8 takes at most, for each unit of a JavaScript string. */
const BYTES_PER_UNIT = 3

/** Gives the first bytes of a delivered file, `most` of them. */
type ReadStart = (file: Manifest[number], most: number) => Promise<Uint8Array>

/** Turns the stored package into what every judge reads; of a file no more is read than is shown. */
export async function present(bytes: Uint8Array, readStart: ReadStart): Promise<EvidencePackage> {
  const wire: unknown = JSON.parse(new TextDecoder().decode(bytes))
  const { pact, manifest, report, claims, defence, evidence } = packageSchema.parse(wire)
  // Who the parties are decides nothing, so the judges do not learn it.
  const { buyer, seller, ...terms } = pact
  const words = (did: string) => [
    ...claims
      .filter(({ body }) => body.disputedBy === did)
      .map(({ body }) => `${body.reason}: ${body.claim}`),
    ...(defence && defence.body.defendedBy === did ? [defence.body.explanation] : []),
    ...evidence.filter((piece) => piece.submittedBy === did).map(pieceOf),
  ]
  return {
    terms: canonicalText(terms),
    report: report ? reportLines(report) : 'nothing could be checked by machine',
    deliverable: await shownOf(manifest ?? [], readStart),
    claim: words(buyer.did).join('\n\n') || 'no_claim',
    response: words(seller.did).join('\n\n'),
  }
}

/** What the failed criteria of a package leave to the seller at most. */
export function capOf(bytes: Uint8Array): number {
  const { report } = packageSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
  return capOfReport(report)
}

function reportLines({ result, findings }: VerificationReport): string {
  const lines = findings.map(
    ({ id, weight, verifier, outcome, code, missing, measured }) =>
      `${id} (weight ${weight}, ${verifier}): ${outcome}, ${code}` +
      `${measured === null ? '' : `, measured ${measured}`}` +
      `${missing.length === 0 ? '' : `, missing ${missing.join(', ')}`}`,
  )
  return [`result: ${result}`, ...lines].join('\n')
}

function pieceOf({ verified, content }: Package['evidence'][number]): string {
  const mark = verified ? '' : ' (unverified: its hash does not match the record)'
  return `evidence${mark}: ${typeof content === 'string' ? content : canonicalText(content)}`
}

/** One file after the other: a delivery may have a thousand of a gibibyte each. */
async function shownOf(manifest: Manifest, readStart: ReadStart): Promise<string> {
  const shown: string[] = []
  let left = MAX_TEXT
  for (const file of manifest) {
    const head = `file ${file.name} (${file.mime}, ${file.size} bytes, sha256 ${file.sha256})`
    const units = Math.min(MAX_FILE_TEXT, left)
    if (!readable.test(file.mime)) shown.push(`${head}\n[not text: shown by its hash alone]`)
    else if (units === 0) shown.push(`${head}\n[beyond what is shown: by its hash alone]`)
    else {
      const bytes = await readStart(file, units * BYTES_PER_UNIT)
      // A character that is cut through at the end is left out.
      const read = new TextDecoder().decode(bytes, { stream: true })
      const text = read.slice(0, units).toWellFormed()
      left -= text.length
      // Or work that is long would look like work that is not finished.
      const isCut = read.length > units || bytes.length < file.size
      shown.push(`${head}\n${text}${isCut ? '\n[the rest of this file is not shown]' : ''}`)
    }
  }
  return shown.join('\n\n')
}
