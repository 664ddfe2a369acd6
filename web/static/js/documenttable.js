// The table of documents: filter, sensitivity and who set it, changing it. Lowering asks for a deliberate yes.

import { api } from './api.js'
import { button, el, fill, icon } from './dom.js'
import { openDialog } from './dialog.js'
import { bytes, number, t, tn, when } from './i18n.js'
import { LABELS, labelChip, labelSource } from './labels.js'
import { openMenu } from './menu.js'
import { complain, toast } from './toast.js'

const STEP = 200

export class DocumentTable {
  constructor(changed) {
    this.changed = changed
    this.documents = []
    this.shown = STEP
    this.search = el('input', { type: 'search', placeholder: t('documents.filter'), 'aria-label': t('documents.filter') })
    this.source = el('select', { 'aria-label': t('documents.by_folder') })
    this.label = el('select', { 'aria-label': t('documents.by_label') }, el('option', { value: '', text: t('documents.any_label') }), LABELS.map((label) => el('option', { value: label, text: t(`label.${label}`) })))
    this.body = el('div')
    for (const control of [this.search, this.source, this.label]) control.addEventListener('input', () => this.draw())
    this.title = el('h3', { class: 'part-title' })
    const tools = el('div', { class: 'table-tools' }, el('label', { class: 'search-box' }, icon('search'), this.search), this.source, this.label)
    this.node = el('section', { class: 'document-table', 'aria-label': t('documents.all') }, this.title, tools, this.body)
  }

  show(documents, sources) {
    this.documents = documents
    const chosen = this.source.value
    fill(this.source, el('option', { value: '', text: t('documents.any_folder') }), sources.map((source) => el('option', { value: source.id, text: source.name })))
    this.source.value = sources.some((source) => String(source.id) === chosen) ? chosen : ''
    this.node.hidden = documents.length === 0
    this.draw()
  }

  draw() {
    const words = this.search.value.trim().toLocaleLowerCase()
    const found = this.documents.filter(
      (document) =>
        `${document.title} ${document.path}`.toLocaleLowerCase().includes(words) &&
        (!this.source.value || String(document.source_id) === this.source.value) &&
        (!this.label.value || document.label === this.label.value),
    )
    this.title.textContent = tn('documents.count', found.length)
    const head = el('tr', {}, ['document', 'folder', 'sensitivity', 'pages', 'size', 'updated'].map((name) => el('th', { scope: 'col', text: t(`column.${name}`) })))
    const rows = found.slice(0, this.shown).map((document) => this.row(document))
    fill(
      this.body,
      el('table', { class: 'records documents' }, el('thead', {}, head), el('tbody', {}, rows)),
      found.length > this.shown && button(t('documents.more'), { kind: 'button', onClick: () => {
        this.shown += STEP
        this.draw()
      } }),
    )
  }

  row(document) {
    const cell = (name, ...content) => el('td', { class: `cell-${name}`, data: { name: t(`column.${name}`) } }, content)
    const name = document.title && document.title !== document.path
      ? [el('span', { class: 'document-title', text: document.title }), el('small', { class: 'document-path', text: document.path })]
      : el('span', { class: 'document-title', text: document.path })
    return el(
      'tr',
      {},
      cell('document', el('span', { class: 'document-name' }, icon('file'), el('span', {}, name))),
      cell('folder', document.source),
      cell('sensitivity', this.labelButton(document)),
      cell('pages', document.pages === null ? '–' : number(document.pages)),
      cell('size', bytes(document.size)),
      cell('updated', when(document.updated_at)),
    )
  }

  labelButton(document) {
    const defaulted = document.label_source === 'default'
    const open = el(
      'button',
      { type: 'button', class: 'label-button', 'aria-label': t('documents.relabel', { title: document.title || document.path, label: t(`label.${document.label}`) }) },
      labelChip(document.label, { defaulted }),
      icon('chevron'),
    )
    open.addEventListener('click', () =>
      openMenu(
        open,
        LABELS.map((label) => ({ label: t(`label.${label}`), note: t(`label.${label}.means`), checked: label === document.label, run: () => this.relabel(document, label) })),
        { label: t('sensitivity') },
      ),
    )
    return [open, el('small', { class: 'from', text: labelSource(document.label_source) })]
  }

  async relabel(document, label) {
    if (label === document.label && document.label_source !== 'default') return
    const lowering = LABELS.indexOf(label) < LABELS.indexOf(document.label)
    const reason = lowering ? await askReason(document, label) : ''
    if (reason === undefined) return
    try {
      await api.labelDocument(document.id, label, reason)
      toast(t('documents.relabelled', { title: document.title || document.path, label: t(`label.${label}`) }))
      this.changed()
    } catch (error) {
      complain(error)
    }
  }
}

/** Resolves to the reason given, maybe empty, or undefined when the person thought better of it. */
function askReason(document, label) {
  const box = el('input', { type: 'text', id: 'lower-reason', maxlength: 300, 'data-first': true })
  return openDialog(t('lower.title', { from: t(`label.${document.label}`), to: t(`label.${label}`) }), (close) => {
    const form = el(
      'form',
      {},
      el('p', {}, el('strong', { text: document.title || document.path })),
      el('p', { text: t('lower.why') }),
      el('label', { for: 'lower-reason', text: t('lower.reason') }),
      box,
      el(
        'div',
        { class: 'dialog-actions' },
        button(t('cancel'), { kind: 'button', onClick: () => close() }),
        el('button', { type: 'submit', class: 'button danger', text: t('lower.yes') }),
      ),
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      close(box.value.trim())
    })
    return form
  })
}
