const id = /(?:[A-VX-Z]{3}-\d{2}|W-\d+b?)/

/** The ids of all rows that a list of requirements defines, in its order: lines `- **ESC-03** …`. */
export function rowsOf(markdown: string): string[] {
  const line = new RegExp(`^- \\*\\*(${id.source})\\*\\* \\S`, 'gm')
  return [...markdown.matchAll(line)].map((match) => match[1] ?? '')
}

/** The rows that a test's title (`[ESC-03][W-4b] …`) or a Solidity function (`…_ESC_03_W_4b`) names. */
export function rowsNamedIn(title: string): string[] {
  const bracketed = title.matchAll(new RegExp(`\\[(${id.source})\\]`, 'g'))
  const suffixed = title.matchAll(/_(?:([A-VX-Z]{3})_(\d{2})|(W)_(\d+b?))(?=_|$)/g)
  return [
    ...[...bracketed].map((match) => match[1] ?? ''),
    ...[...suffixed].map((match) => `${match[1] ?? match[3]}-${match[2] ?? match[4]}`),
  ]
}
