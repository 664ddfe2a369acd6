// The Sending records page: one line per answer, newest first; a line opens its record.

import { api } from './api.js'
import { byId, el, fill } from './dom.js'
import { number, seconds, t, when } from './i18n.js'
import { labelChip, placeChip } from './labels.js'
import { openReceipt } from './receiptview.js'
import { describe } from './toast.js'

const FILTERS = ['all', 'cloud', 'local', 'forbidden']

export class ReceiptsView {
  constructor() {
    this.root = byId('view-receipts')
    this.receipts = []
    this.forbidden = []
    this.filter = 'all'
  }

  async open() {
    fill(this.root, this.head(), el('div', { class: 'skeleton' }))
    try {
      ;[this.receipts, this.forbidden] = await Promise.all([api.receipts(), api.forbiddenReceipts()])
      this.draw()
    } catch (error) {
      fill(this.root, this.head(), el('p', { class: 'page-error', role: 'alert', text: describe(error) }))
    }
  }

  head() {
    return el('header', { class: 'page-head' }, el('div', {}, el('h2', { text: t('nav.receipts') }), el('p', { text: t('receipts.lead') })))
  }

  draw() {
    const every = this.receipts.filter((receipt) => this.filter === 'all' || receipt.zone === this.filter)
    const shown = this.filter === 'forbidden' ? this.forbidden : every
    const sent = this.receipts.filter((receipt) => receipt.zone === 'cloud').length
    fill(
      this.root,
      this.head(),
      this.receipts.length > 0 && this.filters(sent),
      this.filter === 'forbidden' && el('p', { class: 'receipt-note', text: t('receipts.forbidden.lead') }),
      shown.length ? this.table(shown) : el('p', { class: 'page-none', text: t(this.filter === 'forbidden' ? 'receipts.forbidden.none' : 'receipts.none') }),
    )
  }

  filters(sent) {
    const counts = { all: this.receipts.length, cloud: sent, local: this.receipts.length - sent, forbidden: this.forbidden.length }
    const one = (name) => {
      const label = name === 'all' || name === 'forbidden' ? t(`receipts.${name}`) : t(`zone.${name}`)
      const node = el('button', { type: 'button', class: 'filter', 'aria-pressed': String(this.filter === name) }, label, ' ', el('span', { class: 'count', text: counts[name] }))
      node.addEventListener('click', () => {
        this.filter = name
        this.draw()
        this.root.querySelector('.filter[aria-pressed="true"]')?.focus()
      })
      return node
    }
    return el('div', { class: 'filters', role: 'group', 'aria-label': t('receipts.filter') }, FILTERS.map(one))
  }

  table(receipts) {
    const columns = ['when', 'place', 'sensitivity', 'passages', 'tokens', 'seconds', 'status']
    const head = el('tr', {}, columns.map((name) => el('th', { scope: 'col', text: t(`column.${name}`) })))
    return el('table', { class: 'records' }, el('thead', {}, head), el('tbody', {}, receipts.map((receipt) => this.row(receipt))))
  }

  row(receipt) {
    const open = el('button', { type: 'button', class: 'link-button', text: when(receipt.created_at) })
    const row = el(
      'tr',
      { class: 'clickable' },
      cell('when', open),
      cell('place', placeChip(receipt)),
      cell('sensitivity', labelChip(receipt.label)),
      cell('passages', number(receipt.chunks.length)),
      cell('tokens', tokens(receipt)),
      cell('seconds', receipt.seconds?.total === undefined ? '–' : seconds(receipt.seconds.total)),
      cell('status', t(`ending.${receipt.status}`)),
    )
    row.addEventListener('click', () => openReceipt(receipt.id, receipt))
    return row
  }
}

function tokens({ tokens_in: into, tokens_out: out }) {
  return into === null && out === null ? '–' : `${number(into ?? 0)} → ${number(out ?? 0)}`
}

function cell(name, content) {
  return el('td', { class: `cell-${name}`, data: { name: t(`column.${name}`) } }, content)
}
