import * as z from 'zod'
import { pause } from '../pause.ts'
import type { Clock } from '../protocol/clock.ts'
import { fileName, mime } from '../protocol/criterion.ts'
import { hashBytes } from '../protocol/hash.ts'
import type { ResponseMessage } from '../protocol/message.ts'
import { auditDeliverable } from '../settlement/audit.ts'
import { upload } from '../settlement/deliver.ts'
import type { ReceivedFile } from '../settlement/file.ts'
import { bytesOf, contentSchema } from './artifactShelf.ts'
import type { KeyBook } from './keyBook.ts'
import type { ServiceDesk } from './serviceDesk.ts'
import { milestone, serviceId } from './serviceInput.ts'
import { key, refusal, type Tool, writer } from './tool.ts'
import { type ServiceStatus, sellerStep, statusOf, type Trade } from './trade.ts'

/** Seconds that the engine may take to open a job whose money is confirmed. */
const OPENING_SECONDS = 15

const artifactInput = z.strictObject({
  key,
  service_id: serviceId,
  milestone,
  name: fileName,
  mime,
  content: contentSchema.describe('Exactly one of text, json or base64.'),
})

const completeInput = z.strictObject({
  key,
  service_id: serviceId,
  milestone,
  deliver_anyway: z
    .boolean()
    .optional()
    .describe('True hands in work that does not meet every criterion.'),
})

/** The tools that do the work: blocked before the signed funding (TOL-05). */
export function workTools(
  { seller, oracle, shelf, bench, find, opened }: ServiceDesk,
  { keys, clock, waitSeconds }: { keys: KeyBook; clock: Clock; waitSeconds: number },
): Tool[] {
  const sendArtifact = writer(
    {
      name: 'send_artifact',
      title: 'Send a file of the work',
      description:
        'Sends one file, image, audio, data or typed text of a funded service. Only what was sent counts as delivered; chat does not.',
      input: artifactInput,
      async run({ service_id, milestone: part, name, mime: type, content }) {
        const bytes = bytesOf(content)
        const trade = await find(service_id, part)
        const standing = await opened(trade)
        const { escrowId, chain } = trade
        if (chain.state !== 'Funded' || bench.isFinished(escrowId)) {
          const status = chain.state === 'Funded' ? 'delivering' : statusOf(trade, true)
          throw refusal('wrong_status', `The service is ${status}`, sellerStep(status))
        }
        const file = { name, mime: type, bytes }
        // Sent is what the oracle has taken in, not what a model believes.
        await upload({ oracle, escrowId, files: [file] })
        const sha256 = hashBytes(bytes)
        await shelf.put(escrowId, { ...file, sha256 }, standing)
        const sent = await shelf.since(escrowId, standing)
        return {
          service_id,
          name,
          size: bytes.length,
          sha256,
          artifacts_since_status_change: sent.length,
          next_step: 'Send what is missing, then call complete_service.',
        }
      },
    },
    keys,
  )

  const completeService = writer(
    {
      name: 'complete_service',
      title: 'Hand the work in',
      description:
        'Delivers the artifacts that were sent since the last change of status. Refused where none was sent.',
      input: completeInput,
      async run({ service_id, milestone: part, deliver_anyway = false }, isAgain) {
        const trade = await find(service_id, part)
        const { pact, pactId, escrowId, chain } = trade
        const standing = await opened(trade)
        const told = (status: ServiceStatus) => {
          return { service_id, escrow_id: escrowId, status, next_step: sellerStep(status) }
        }
        const files = await shelf.since(escrowId, standing)
        if (files.length === 0) {
          // A call that a crash cut off, and that the engine has finished since.
          if (isAgain && chain.round > 0) return told(statusOf(trade, true))
          throw refusal(
            'no_artifact_since_status_change',
            'Nothing was sent since the status changed last; saying so delivers nothing',
            sellerStep(statusOf(trade, true)),
          )
        }
        if (bench.isFinished(escrowId)) {
          // Handed over before: this call only waits for the same end.
        } else if (await bench.waitFor(escrowId, OPENING_SECONDS)) {
          if (!deliver_anyway) audit(trade, files)
          bench.finish(escrowId, files)
        } else {
          throw refusal(
            'not_begun',
            'The engine has not opened this work yet, or goes on handing it in after a restart',
            'Call again in a few seconds with the same key.',
          )
        }
        const work = { taskType: pact.capability, escrowId, pactId, milestone: trade.milestone }
        return told(deliveredAs(await within(waitSeconds, seller.work.begin(work))))
      },
    },
    keys,
  )

  function audit({ pact, milestone: part }: Trade, files: readonly ReceivedFile[]) {
    const { gaps } = auditDeliverable({ pact, milestone: part, files, now: clock.now() })
    if (gaps.length === 0) return
    const list = gaps.map(({ id, code, missing }) => [id, code, ...missing].join(' ')).join('; ')
    throw refusal(
      'criteria_not_met',
      `Not met: ${list}`.slice(0, 2000),
      'Mend the files and send them again, or hand in all the same with deliver_anyway: true.',
    )
  }

  return [sendArtifact, completeService]
}

/** What something comes to within some seconds; undefined where it takes longer, and goes on. */
async function within<T>(seconds: number, work: Promise<T>): Promise<T | undefined> {
  const waiting = new AbortController()
  const late = pause(seconds * 1000, waiting.signal).then(
    () => undefined,
    () => undefined,
  )
  try {
    return await Promise.race([work, late])
  } finally {
    waiting.abort()
  }
}

function deliveredAs(outcome: ResponseMessage | undefined): ServiceStatus {
  if (outcome === undefined) return 'delivering'
  if (outcome.status === 'completed') return 'delivered'
  const isReasoned = outcome.status === 'execution_failed' || outcome.status === 'declined'
  const code = isReasoned ? outcome.reasonCode : 'execution_failed'
  throw refusal(code, isReasoned ? outcome.reason : 'The work failed', 'Call check_service.')
}
