// One Sending record in the side panel, with every figure it has.

import { api } from './api.js'
import { button, el, fill } from './dom.js'
import { openDrawer } from './drawer.js'
import { bytes, number, pick, seconds, t, tn, when } from './i18n.js'
import { labelChip, placeChip } from './labels.js'
import { openPassage } from './passages.js'
import { copy, describe } from './toast.js'

/** Open the record `id`, or one that is already known. */
export async function openReceipt(id, known = null) {
  const body = el('div', { class: 'receipt' }, el('div', { class: 'skeleton' }))
  openDrawer(t('receipt.title', { id }), body)
  try {
    fill(body, details(known ?? (await api.receipt(id))))
  } catch (error) {
    fill(body, el('p', { role: 'alert', text: describe(error) }))
  }
}

function details(receipt) {
  return [
    el('p', { class: 'receipt-lead' }, placeChip(receipt), labelChip(receipt.label)),
    el('p', { class: 'receipt-sent', text: sentence(receipt) }),
    facts([
      ['receipt.when', when(receipt.created_at)],
      ['receipt.status', t(`ending.${receipt.status}`)],
      ['receipt.provider', receipt.answerer === 'quotes' ? t('extracts') : receipt.provider],
      ['receipt.model', receipt.model],
      ['receipt.tokens_in', figure(receipt.tokens_in)],
      ['receipt.tokens_out', figure(receipt.tokens_out)],
      ['receipt.bytes_out', receipt.bytes_out === null || receipt.bytes_out === undefined ? null : bytes(receipt.bytes_out)],
    ]),
    receipt.masked && part('receipt.masked', facts(Object.entries(receipt.masked).map(([kind, count]) => [`kind.${kind}`, number(count)]))),
    receipt.now && part('receipt.now', el('p', {}, labelChip(receipt.now.label)), reasons(receipt.now.reasons)),
    part('receipt.reasons', reasons(receipt.reasons)),
    receipt.chunks.length > 0 && part('receipt.passages', passages(receipt)),
    receipt.steps?.length > 0 && part('receipt.steps', el('ol', {}, receipt.steps.map((step) => el('li', { class: 'mono', text: step })))),
    part('receipt.seconds', facts(Object.entries(receipt.seconds ?? {}).map(([name, value]) => [`timing.${name}`, seconds(value)]))),
    receipt.mac && part('receipt.mac', digest(receipt.mac)),
    receipt.request_digest && part('receipt.digest', digest(receipt.request_digest)),
    el('p', { class: 'receipt-note', text: t('receipt.note') }),
  ]
}

/** The record in one sentence: whether anything left this computer, and how much. */
export function sentence(receipt) {
  if (receipt.zone !== 'cloud') return t('receipt.nothing_sent')
  const to = [receipt.provider, receipt.model].filter(Boolean).join(', ')
  return tn('receipt.sent', receipt.chunks.length, { to })
}

function reasons(all) {
  return el('ul', {}, all.map((reason) => el('li', { text: pick(reason.text) || reason.code })))
}

function figure(value) {
  return value === null || value === undefined ? null : number(value)
}

function facts(rows) {
  return el('dl', { class: 'facts' }, rows.filter(([, value]) => value).map(([name, value]) => [el('dt', { text: timing(name) }), el('dd', { text: value })]))
}

function timing(key) {
  const words = t(key)
  return words === key ? key.replace(/^timing\./, '').replaceAll('_', ' ') : words
}

function part(title, ...content) {
  return el('section', { class: 'receipt-part' }, el('h3', { text: t(title) }), content)
}

function passages(receipt) {
  const line = ({ id, label }) => {
    const name = t('receipt.passage', { id })
    const open = () => openPassage({ chunk_id: id, label, title: name })
    return el('li', {}, button(name, { kind: 'link-button', onClick: open }), labelChip(label))
  }
  return el('ul', { class: 'receipt-passages' }, receipt.chunks.map(line))
}

function digest(value) {
  return el(
    'div',
    { class: 'command' },
    el('code', { text: value }),
    button(t('copy'), { icon: 'copy', iconOnly: true, kind: 'icon-button small', onClick: () => copy(value) }),
  )
}
