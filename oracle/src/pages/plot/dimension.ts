import { type Html, html } from '../markup.ts'
import { linear } from './scale.ts'

const x = linear([0, 100], [5, 131])

/** One value between 0 and 100 on its scale, beside the figure that says the same. */
export function dimensionPlot(value: number): Html {
  return html`<svg viewBox="0 0 136 14" aria-hidden="true" focusable="false">
<line class="hair" x1="5" y1="7" x2="131" y2="7"/>
<line class="hair" x1="${x(50)}" y1="4" x2="${x(50)}" y2="10"/>
<circle class="dot" cx="${x(value)}" cy="7" r="4"/>
</svg>`
}

/** A share with the range in which it probably lies. */
export function intervalPlot({
  value,
  lower,
  upper,
}: Record<'value' | 'lower' | 'upper', number>): Html {
  const at = (part: number) => x(100 * part)
  const width = Math.max(1, at(upper) - at(lower))
  return html`<svg viewBox="0 0 136 14" aria-hidden="true" focusable="false">
<line class="hair" x1="5" y1="7" x2="131" y2="7"/>
<rect class="band" x="${at(lower)}" y="3" width="${width}" height="8"/>
<circle class="dot" cx="${at(value)}" cy="7" r="3"/>
</svg>`
}
