// What the colours of a chart stand for.

import { el } from './dom.js'

/** One entry for each `{name, kind}`; `kind` is the colour's class in insights.css. */
export function legend(series) {
  return el('ul', { class: 'chart-legend' }, series.map((one) => el('li', {}, el('span', { class: `chart-key chart-${one.kind}` }), one.name)))
}
