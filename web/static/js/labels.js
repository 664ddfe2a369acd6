// Sensitivity and place as small signs: never by colour alone.

import { el, icon } from './dom.js'
import { t } from './i18n.js'

export const LABELS = ['public', 'internal', 'confidential', 'restricted']

/** A sensitivity chip: four bars, filled up to the label, and its word. */
export function labelChip(label, { defaulted = false } = {}) {
  const level = LABELS.indexOf(label)
  const bars = LABELS.map((_, step) => el('span', { class: step <= level ? 'bar on' : 'bar' }))
  const word = t(`label.${label}`)
  return el(
    'span',
    { class: `label label-${label}${defaulted ? ' label-defaulted' : ''}`, title: t('label.title', { label: word }) },
    el('span', { class: 'bars', aria: { hidden: true } }, bars),
    el('span', { class: 'sr-only', text: `${t('sensitivity')}: ` }),
    el('span', { text: word }),
  )
}

/** Who said so, in words. */
export function labelSource(source) {
  return t(`label_source.${(source ?? '').replace(/[ .]/g, '_')}`)
}

/** Where an answer is written: `This computer · Extracts`, `Cloud · openai, gpt-5-mini`. */
export function placeName({ zone, answerer, provider, model }) {
  const place = t(`zone.${zone}`)
  if (answerer === 'quotes') return `${place} · ${t('extracts')}`
  const writer = [zone === 'cloud' ? provider : null, model].filter(Boolean).join(', ') || provider
  return writer ? `${place} · ${writer}` : place
}

export function placeChip(place) {
  const name = place.zone === 'cloud' ? 'cloud' : 'computer'
  return el('span', { class: `place place-${place.zone}` }, icon(name), el('span', { text: placeName(place) }))
}

/** `p. 3`, or the headings above, outermost first. */
export function whereIn({ page, heading }) {
  const parts = page ? [t('page', { page })] : []
  if (heading?.length) parts.push(heading.join(' › '))
  return parts.join(' · ')
}
