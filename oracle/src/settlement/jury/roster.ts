import { EarnestError, hashBody, usdc } from '@earnest/sdk/protocol'
import * as z from 'zod'

/** Which wire a seat speaks. Llama and others sit behind an OpenAI-compatible endpoint. */
const wireSchema = z.enum(['openai', 'anthropic', 'google', 'mistral', 'openai-compatible'])

/** One seat as the operator configures it. Prices are USDC for a million tokens, as decimal text. */
export const jurorSchema = z.strictObject({
  wire: wireSchema,
  /** Who runs the model: no two seats may name the same one (DSP-08). */
  provider: z.string().min(1).max(64),
  model: z.string().min(1).max(128),
  /** The family that a party declares when it runs on the same models (GOV-05). */
  family: z.string().min(1).max(64),
  /** Needed for an OpenAI-compatible endpoint; elsewhere the provider's own address is the default. */
  baseUrl: z.url().exactOptional(),
  /** Absent: the seat stays empty. */
  apiKey: z.string().min(1).exactOptional(),
  /** Whether the endpoint takes a JSON schema; the named providers all do. */
  structured: z.boolean().default(true),
  price: z.strictObject({ input: usdc, output: usdc }),
})
export type Juror = z.output<typeof jurorSchema>

/** The jury's five seats, or fewer where an operator has fewer keys. */
export const SEATS = 5

/**
 * Checks a roster. Throws `provider_seated_twice`, `roster_too_large`, `base_url_missing`.
 */
export function checkRoster(roster: readonly Juror[]): readonly Juror[] {
  if (roster.length > SEATS)
    throw new EarnestError('roster_too_large', `Got ${roster.length} seats, want at most ${SEATS}`)
  const seen = new Set<string>()
  for (const juror of roster) {
    // The same house under two names would still be one voice, so its address counts as well.
    const names = new Set([juror.provider.toLowerCase(), new URL(addressOf(juror)).host])
    for (const name of names)
      if (seen.has(name))
        throw new EarnestError('provider_seated_twice', `${juror.provider} holds a seat already`, {
          details: { provider: juror.provider },
        })
    for (const name of names) seen.add(name)
  }
  return roster
}

const addresses = {
  openai: 'https://api.openai.com/v1',
  anthropic: 'https://api.anthropic.com/v1',
  google: 'https://generativelanguage.googleapis.com/v1beta',
  mistral: 'https://api.mistral.ai/v1',
}

/**
 * Where a seat's provider is asked. Always named, so that no environment can lead two seats to one house.
 * Throws `base_url_missing`.
 */
export function addressOf({ wire, provider, baseUrl }: Juror): string {
  if (baseUrl) return baseUrl
  if (wire !== 'openai-compatible') return addresses[wire]
  throw new EarnestError('base_url_missing', `${provider} needs a baseUrl`)
}

/** Seats that one declared model can be of: of its maker's, and of the house that runs it. */
const MOST_NAMED = 2

/** What keeps a seat from one case; absent: it sits. */
export type Absence = { provider: string; code: 'no_key' | 'recused' | 'not_disclosed' }

/** The seats that may hear a case, and why each of the others may not. */
export function seatsFor(
  roster: readonly Juror[],
  { families, readers }: { families: readonly string[]; readers: readonly string[] | 'all' },
): { seated: Juror[]; absent: Absence[] } {
  // A declared model version such as "gpt-5-2026" names its family somewhere in it.
  const isOf = ({ family, provider }: Juror, model: string) =>
    [family, provider].some((name) => model.includes(name.toLowerCase()))
  // What names more than a maker and a house is no model: a list of all would send every judge home.
  const declared = families
    .map((family) => family.toLowerCase())
    .filter((model) => roster.filter((juror) => isOf(juror, model)).length <= MOST_NAMED)
  const absenceOf = (juror: Juror): Absence['code'] | undefined => {
    if (!juror.apiKey) return 'no_key'
    if (declared.some((model) => isOf(juror, model))) return 'recused'
    return readers === 'all' || readers.includes(juror.provider) ? undefined : 'not_disclosed'
  }
  const absent = roster.flatMap((juror) => {
    const code = absenceOf(juror)
    return code ? [{ provider: juror.provider, code }] : []
  })
  return { seated: roster.filter((juror) => !absenceOf(juror)), absent }
}

/** What the chain anchors of a roster: who judges with which model, no key and no address. */
export function hashRoster(roster: readonly Juror[]): string {
  return hashBody(roster.map(({ provider, model, family }) => ({ provider, model, family })))
}
