// What stands under an answer: its sources, and where it was written and why.

import { button, el } from './dom.js'
import { pick, seconds, t } from './i18n.js'
import { labelChip, placeChip, whereIn } from './labels.js'

/** The badge: place, sensitivity that decided, one plain sentence, and the way to the Sending record. */
export function badgeView(badge, openReceipt) {
  return el(
    'div',
    { class: `badge badge-${badge.zone}` },
    el(
      'div',
      { class: 'badge-line' },
      placeChip(badge),
      labelChip(badge.label),
      badge.seconds !== null && badge.seconds !== undefined && el('span', { class: 'badge-time', text: seconds(badge.seconds) }),
      badge.receipt_id !== null && badge.receipt_id !== undefined &&
        button(t('receipt'), { icon: 'receipt', kind: 'quiet-button badge-receipt', onClick: openReceipt }),
    ),
    el('p', { class: 'badge-why', text: pick(badge.why) }),
  )
}

/** The documents an answer cites, numbered as in its text. */
export function sourceList(citations, open) {
  const item = (citation) => {
    const chip = el(
      'button',
      { type: 'button', class: 'source-card' },
      el('span', { class: 'source-number', text: citation.number }),
      el(
        'span',
        { class: 'source-text' },
        el('span', { class: 'source-title', text: citation.title || citation.path }),
        el('span', { class: 'source-where', text: whereIn(citation) || citation.path }),
      ),
      labelChip(citation.label),
    )
    chip.addEventListener('click', () => open(citation, chip))
    return el('li', {}, chip)
  }
  return el('ol', { class: 'source-list', 'aria-label': t('answer.sources') }, citations.map(item))
}
