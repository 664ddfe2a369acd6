// The side panel with a cited passage, highlighted in its surroundings.

import { api } from './api.js'
import { button, el, fill } from './dom.js'
import { openDrawer } from './drawer.js'
import { t } from './i18n.js'
import { labelChip, labelSource, whereIn } from './labels.js'
import { describe } from './toast.js'

/** Open the passage of `citation`; `all` are the answer's citations, to step through. */
export async function openPassage(citation, all = [], chip = null) {
  document.querySelectorAll('.cite.open').forEach((one) => one.classList.remove('open'))
  chip?.classList.add('open')
  const body = el('div', { class: 'passage' }, el('div', { class: 'skeleton' }), el('div', { class: 'skeleton' }))
  openDrawer(citation.title || citation.path || t('passage'), steps(citation, all), body)
  try {
    showPassage(body, await api.chunk(citation.chunk_id))
  } catch (error) {
    fill(body, facts(citation), el('p', { class: 'passage-gone', role: 'alert', text: error.status === 404 ? t('passage.gone') : describe(error) }))
  }
}

function steps(citation, all) {
  const at = all.findIndex((one) => one.number === citation.number)
  if (at < 0 || all.length < 2) return null
  const step = (by, name, label) => {
    const to = all[at + by]
    return button(t(label), { icon: name, iconOnly: true, kind: `icon-button small ${label === 'previous' ? 'flip' : ''}`, disabled: !to, onClick: () => openPassage(to, all) })
  }
  return el(
    'div',
    { class: 'passage-steps' },
    el('span', { text: t('passage.of', { at: at + 1, all: all.length }) }),
    step(-1, 'arrow', 'previous'),
    step(1, 'arrow', 'next'),
  )
}

function showPassage(body, chunk) {
  const marked = el('mark', { class: 'passage-text', text: chunk.text })
  fill(
    body,
    facts(chunk),
    el('div', { class: 'passage-page' }, chunk.before && el('span', { class: 'around', text: chunk.before }), marked, chunk.after && el('span', { class: 'around', text: chunk.after })),
  )
  marked.scrollIntoView({ block: 'nearest' })
}

function facts(place) {
  const row = (name, value) => value && [el('dt', { text: t(name) }), el('dd', {}, value)]
  const source = place.label_source ? el('span', { class: 'from', text: labelSource(place.label_source) }) : null
  return el(
    'dl',
    { class: 'facts' },
    row('fact.document', place.path),
    row('fact.folder', place.source),
    row('fact.where', whereIn(place)),
    row('sensitivity', [labelChip(place.label, { defaulted: place.label_source === 'default' }), source]),
  )
}
