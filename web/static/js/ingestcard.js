// What is being read right now: how far, how fast, how long still.

import { el, fill } from './dom.js'
import { number, seconds, t, tn } from './i18n.js'

/** Draw the progress of `ingest` into `slot`; empty when nothing runs. */
export function ingestCard(slot, ingest) {
  if (!ingest?.running) return fill(slot)
  const { files_done: done, files_total: total, bytes_done: read, bytes_total: size, current, rate, failed, seconds_left: left } = ingest
  const share = size ? read / size : total ? done / total : 0
  const bar = el('progress', { max: 1, 'aria-label': t('ingest.title') })
  bar.value = Math.min(1, share)
  const figures = [
    t('ingest.files', { done: number(done), total: number(total) }),
    rate ? t('ingest.rate', { rate: number(rate, { maximumFractionDigits: 1 }) }) : null,
    left !== null && left !== undefined ? t('ingest.left', { time: seconds(left) }) : null,
    failed ? tn('documents.failed', failed) : null,
  ]
  return fill(
    slot,
    el(
      'section',
      { class: 'ingest-card', 'aria-label': t('ingest.title') },
      el('header', {}, el('strong', { text: t('ingest.title') }), el('span', { text: number(share, { style: 'percent' }) })),
      bar,
      el('p', { class: 'ingest-figures', text: figures.filter(Boolean).join(' · ') }),
      el('p', { class: 'ingest-current', text: current }),
    ),
  )
}
