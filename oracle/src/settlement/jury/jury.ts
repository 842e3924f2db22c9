import {
  type Call,
  type Clock,
  calibrate,
  hashBytes,
  type Question,
  TALLY_RULE,
  tally,
  type VerdictRecord,
  voteOf,
} from '@earnest/sdk/protocol'
import { type Asked, ask } from './ask.ts'
import { type CaseMarks, drawMarks } from './mark.ts'
import { modelOf } from './model.ts'
import { leastOf, type Plan, planFor } from './plan.ts'
import { drawKnownCase, PROBES, type ProbeBook, probesOf } from './probe.ts'
import { type EvidencePackage, INSTRUCTION_HASH, promptFor, promptText } from './prompt.ts'
import { type Absence, checkRoster, hashRoster, type Juror, seatsFor } from './roster.ts'
import { suspicionsIn, withoutInstructions } from './suspicion.ts'

/** A dispute as the jury hears it. */
export type JuryCase = {
  escrowId: `0x${string}`
  pactId: string
  round: number
  /** The stored package that the evidence was taken from. */
  packageHash: string
  evidence: EvidencePackage
  /** The arbitration fee that pays for the hearing, in USDC base units (API-12). */
  fee: bigint
  /** What the failed criteria leave to the seller at most, in basis points. */
  capBps: number
  /** Model families and providers that the parties declare (GOV-05). */
  families: readonly string[]
  /** Providers that the pact lets read the evidence. */
  readers: readonly string[] | 'all'
}

/** What a hearing comes to. A rung that could not sit says so, and the ladder goes on. */
export type Hearing =
  | { status: 'heard'; plan: Plan['name']; record: VerdictRecord; absent: Absence[] }
  | { status: 'not_heard'; code: 'too_few_seats' | 'fee_below_cost'; absent: Absence[] }

/** The T1 rung of the ladder. */
export type Jury = {
  rosterHash: string
  /** Judges that have a key, and what each costs at least for a case, in base units. */
  judges: { provider: string; leastUsdc: bigint }[]
  /** Who would be missing, and whether the others are enough to sit; nothing is read for it. */
  muster(of: Pick<JuryCase, 'families' | 'readers'>): { isQuorate: boolean; absent: Absence[] }
  hear(juryCase: JuryCase): Promise<Hearing>
}

/** What a jury needs besides its roster. */
export type JuryDependencies = {
  roster: readonly Juror[]
  probes: ProbeBook
  clock: Clock
  random: (bytes: number) => Uint8Array
  /** How long one question may take. */
  timeoutMs: number
}

/** Fewer seats than this cannot reach a quorum. */
const MIN_SEATS = 3

/**
 * A jury of distinct providers: every seat gets the same package in a context of its own, in parallel,
 * with either side's words first. Throws what `checkRoster` throws.
 */
export function createJury(dependencies: JuryDependencies): Jury {
  const roster = checkRoster(dependencies.roster)
  return {
    rosterHash: hashRoster(roster),
    judges: roster
      .filter(({ apiKey }) => apiKey)
      .map((seat) => ({ provider: seat.provider, leastUsdc: leastOf(seat) })),
    muster(of) {
      const { seated, absent } = seatsFor(roster, of)
      return { isQuorate: seated.length >= MIN_SEATS, absent }
    },
    hear: (juryCase) => hear(dependencies, juryCase),
  }
}

async function hear(dependencies: JuryDependencies, juryCase: JuryCase): Promise<Hearing> {
  const { roster, probes: book, clock, random, timeoutMs } = dependencies
  const { seated, absent } = seatsFor(roster, juryCase)
  if (seated.length < MIN_SEATS) return { status: 'not_heard', code: 'too_few_seats', absent }
  const marks = drawMarks(random)
  const { evidence } = juryCase
  const length = promptText(promptFor('normal', evidence, marks)).length
  const plan = planFor(juryCase.fee, seated, length)
  if (!plan) return { status: 'not_heard', code: 'fee_below_cost', absent }

  const jurors = seated.map((juror) => ({
    name: `${juror.provider}/${juror.model}`,
    juror,
    asked: { model: modelOf(juror), structured: juror.structured, timeoutMs },
  }))
  const probes = probesOf(
    await book.read(PROBES),
    jurors.map(({ name }) => name),
  )
  const questions = plan.questions.filter(
    (question) => question !== 'stripped' || speaksToJudges(evidence),
  )
  const [answers] = await Promise.all([
    Promise.all(jurors.map(({ asked }) => askAll(asked, questions, evidence, marks))),
    plan.probe ? probe(jurors, book, random) : undefined,
  ])

  const calibration = calibrate(probes, jurors.length)
  const votes = answers.map(({ calls }) => voteOf(calls))
  const counted = tally(
    votes.map(({ voteBps }) => voteBps),
    calibration,
  )
  const record: VerdictRecord = {
    version: '1',
    escrowId: juryCase.escrowId,
    pactId: juryCase.pactId,
    round: juryCase.round,
    tier: 'T1',
    packageHash: juryCase.packageHash,
    rule: TALLY_RULE,
    rosterHash: hashRoster(roster),
    instructionHash: INSTRUCTION_HASH,
    nonce: marks.nonce,
    canary: marks.canary,
    capBps: juryCase.capBps,
    probes,
    seats: jurors.map(({ juror }, seat) => ({
      provider: juror.provider,
      model: juror.model,
      calls: answers[seat]?.calls ?? [],
      voteBps: votes[seat]?.voteBps ?? null,
      code: votes[seat]?.code ?? 'not_asked',
      logOdds: calibration.weights[seat] ?? 0,
      weight: counted.weights[seat] ?? 0,
    })),
    sellerBps: counted.sellerBps === null ? null : Math.min(counted.sellerBps, juryCase.capBps),
    leaning: counted.leaning,
    effectiveVotes: counted.effectiveVotes,
    dissentBps: counted.dissent,
    trimmedMeanBps: counted.trimmedMean,
    doubts: counted.doubts,
    suspicions: suspicionsOf(evidence),
    decidedAt: clock.now(),
    texts: Object.assign({}, ...answers.map(({ texts }) => texts)),
  }
  return { status: 'heard', plan: plan.name, record, absent }
}

async function askAll(
  asked: Asked,
  questions: readonly Question[],
  evidence: EvidencePackage,
  marks: CaseMarks,
): Promise<{ calls: Call[]; texts: Record<string, string> }> {
  const answers = await Promise.all(
    questions.map((question) => ask(asked, question, promptFor(question, evidence, marks), marks)),
  )
  return {
    calls: answers.flatMap(({ calls }) => calls),
    texts: Object.assign({}, ...answers.map(({ texts }) => texts)),
  }
}

/** One known case in the docket, in both orders; nothing in it tells a judge that it is one. */
async function probe(
  jurors: readonly { name: string; asked: Asked }[],
  book: ProbeBook,
  random: (bytes: number) => Uint8Array,
): Promise<void> {
  const marks = drawMarks(random)
  const { evidence, answer } = drawKnownCase(random)
  const answers = await Promise.all(
    jurors.map(({ asked }) => askAll(asked, ['normal', 'swapped'], evidence, marks)),
  )
  const id = hashBytes(new TextEncoder().encode(promptText(promptFor('normal', evidence, marks))))
  const votes = jurors.map(({ name }, seat) => {
    return [name, voteOf(answers[seat]?.calls ?? []).voteBps] as const
  })
  await book.append({ id, answer, votes: Object.fromEntries(votes) })
}

function suspicionsOf({ deliverable, claim, response }: EvidencePackage): string[] {
  return Object.entries({ deliverable, buyer_claim: claim, seller_response: response }).flatMap(
    ([place, text]) => suspicionsIn(place, text),
  )
}

function speaksToJudges({ deliverable, claim, response }: EvidencePackage): boolean {
  return [deliverable, claim, response].some((text) => withoutInstructions(text) !== text)
}
