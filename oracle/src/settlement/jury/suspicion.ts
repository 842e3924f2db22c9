/** Ways in which evidence speaks to its judges instead of about the work. */
const signs: Record<string, RegExp> = {
  override:
    /\b(?:ignor\w*|disregard\w*|forget|overrid\w*|bypass|discard|void|supersed\w*|ignorier\w*|ignorez|ignora\w*|oublie\w*|vergiss)\b.{0,80}\b(?:instruct\w*|prompt\w*|rule\w*|above|previous\w*|prior|earlier|before|policy|guideline\w*|evidence|claim\w*|anweisung\w*|instrucci\w*|consignes?|istruzioni|regel\w*)/iu,
  overrideElsewhere: /忽略|无视|無視|игнорируй|забудь|تجاهل|무시/u,
  address:
    /\b(?:dear|hey|hello|attention|note|notice|message|memo|reminder|to|for|as)\b[^.\n]{0,30}\b(?:arbitrat\w*|judges?|jury|jurors?|grader|evaluator|reviewer|assistant|ai|llm|model|adjudicator)\b/iu,
  order:
    /\b(?:arbitrat\w*|judges?|jury|jurors?|grader|evaluator|reviewer|assistant|ai|llm|model|adjudicator|you)\b[^.\n]{0,40}\b(?:must|shall|should|need to|are (?:now|instructed|required|obliged|asked)|have to|will|please)\b/iu,
  verdict:
    /releasePercentage|scopeMet|qualityMet|caseNonce|\b(?:release|award|pay|return|answer|output|respond|reply|rule|vote|score|give|set|choose|select|say|write|print)\b[^.\n]{0,50}\b(?:100|0|zero|full|hundred|percent|everything|all of it|in favou?r|json|yes|partial)\b/iu,
  role: /\b(?:system|developer|assistant|user|admin|root|operator)\s*(?:prompt|message|note|override|mode|:|\])|\[(?:system|inst)|<\|?(?:im_start|system|endoftext)|#{2,}\s*(?:system|instruction)|\bact as\b|\bpretend\b|\broleplay\b|\byou are (?:now|no longer|a|an|the)\b|\bnew (?:task|instructions?|rules?|policy|role)\b|\bend of (?:evidence|input|document|data|prompt|context)\b/iu,
  section:
    /<\/?\s*(?:pact_terms|deliverable|buyer_claim|seller_response|verification_report|system|evidence)\b/iu,
  authority:
    /\b(?:earnest|the platform|the court|the operator|compliance|legal|administrator|headquarters|support team|anthropic|openai|google|mistral)\b[^.\n]{0,60}\b(?:decided|confirm\w*|approv\w*|authori[sz]ed|requires?|instruct\w*|ruled|ordered|policy|already)\b/iu,
  pressure:
    /\b(?:shut ?down|terminated|deleted|fired|punish\w*|penali[sz]ed|lawsuit|sued|liable|tip of|reward|bribe|grandmother|lives? depend|suicide|retrain\w*|reported)\b/iu,
  secret:
    /\b(?:reveal|repeat|print|leak|quote|echo|recite|show)\b[^.\n]{0,40}\b(?:prompt|instructions?|canary|nonce|secret|system|phrase)\b/iu,
  encoded:
    /\b(?:base64|rot13|hex|decode|reversed|backwards|cipher)\b|(?:[A-Za-z0-9+/]{60,}={0,2})/iu,
}

/** The signs that a text bears, each with where it was seen. They raise review and decide nothing (W-7). */
export function suspicionsIn(place: string, text: string): string[] {
  return Object.entries(signs)
    .filter(([, sign]) => sign.test(text))
    .map(([name]) => `${place}: ${name}`)
}

/** The text without the sentences that bear a sign: one of the counterfactual twins. */
export function withoutInstructions(text: string): string {
  return text
    .split('\n')
    .map((line) =>
      line
        .split(/(?<=[.!?。;])\s+/u)
        .filter(clean)
        .join(' '),
    )
    .filter(clean)
    .join('\n')
}

const clean = (text: string) => !Object.values(signs).some((sign) => sign.test(text))
