// The question before anything goes to the cloud: who would get it, and which documents. Sends nothing itself.

import { button, el, icon } from './dom.js'
import { pick, t, tn } from './i18n.js'
import { labelChip } from './labels.js'

/** The card for a route that waits for a yes. `choose` gets `cloud` or `local`. Esc means: this computer. */
export function confirmCard(route, choose) {
  const to = [route.provider, route.model].filter(Boolean).join(', ')
  const leftOut = route.left_out ?? []
  const mixed = leftOut.length > 0
  const title = mixed ? tn('confirm.mixed', route.left_out_passages) : t('confirm.title', { to })
  const documents = list(route.documents ?? [])
  const card = el(
    'section',
    { class: 'confirm', tabindex: -1, 'aria-label': title, 'aria-describedby': 'confirm-why' },
    el('header', {}, icon('cloud'), el('h2', { text: title })),
    el('p', { id: 'confirm-why', text: mixed ? t('confirm.mixed.why', { to }) : pick(route.why) }),
    mixed && el('p', { class: 'confirm-lead', text: t('confirm.left_out') }),
    mixed && el('ul', { class: 'confirm-documents' }, list(leftOut)),
    el('p', { class: 'confirm-lead', text: tn('confirm.documents', documents.length) }),
    el('ul', { class: 'confirm-documents' }, documents),
    el(
      'div',
      { class: 'confirm-actions' },
      button(t(mixed ? 'confirm.without' : 'confirm.cloud'), { icon: 'cloud', kind: 'button cloud', onClick: () => choose('cloud') }),
      button(t(mixed ? 'confirm.with_all' : 'confirm.local'), { icon: 'computer', kind: 'button', onClick: () => choose('local') }),
    ),
    el('p', { class: 'confirm-note', text: t('confirm.note') }),
  )
  card.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    event.stopPropagation()
    choose('local')
  })
  return card
}

/** The documents as list items, each with its name, place and sensitivity. */
function list(documents) {
  return documents.map((document) =>
    el(
      'li',
      {},
      icon('file'),
      el('span', { class: 'confirm-name' }, el('span', { text: document.title || document.path }), el('small', { text: document.path })),
      labelChip(document.label),
    ),
  )
}
