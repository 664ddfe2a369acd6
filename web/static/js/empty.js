// What a new conversation shows: what this is, what answers here, and questions to start with.

import { el, icon } from './dom.js'
import { pick, t, tn } from './i18n.js'
import { folderBanner } from './folderlabel.js'

export function emptyState(status, ask) {
  if (!status) return el('div', { class: 'empty' }, el('div', { class: 'skeleton' }))
  return el(
    'div',
    { class: 'empty' },
    el('img', { src: '/static/icons/airlock.svg', alt: '', width: 52, height: 52 }),
    el('h2', { text: t('empty.title') }),
    el('p', { class: 'empty-lead', text: t('empty.lead') }),
    status.documents ? questions(status, ask) : noDocuments(),
    answersHere(status),
    folderBanner(status),
  )
}

function questions(status, ask) {
  const cards = (status.questions ?? []).slice(0, 4).map((question) => {
    const text = pick(question)
    const card = el('button', { type: 'button', class: 'question-card' }, el('span', { text }), icon('arrow'))
    card.addEventListener('click', () => ask(text))
    return el('li', {}, card)
  })
  return cards.length ? el('ul', { class: 'question-cards', 'aria-label': t('empty.questions') }, cards) : null
}

function noDocuments() {
  return el('p', {}, el('a', { class: 'button primary', href: '/documents', 'data-view': 'documents' }, icon('folder'), t('empty.add')))
}

function answersHere(status) {
  const { kind, why } = status.answers
  const name = kind === 'cloud' ? 'cloud' : kind === 'quotes' ? 'quote' : 'computer'
  return el(
    'div',
    { class: `answers-here answers-${kind}` },
    icon(name),
    el('p', {}, el('strong', { text: t(`answers.${kind}`) }), ' ', pick(why)),
    el('span', { class: 'answers-count', text: tn('documents.count', status.documents) }),
  )
}
