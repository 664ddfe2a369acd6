// The Documents page: folders, what is being read, what failed and why, and every document with its sensitivity.

import { api } from './api.js'
import { addFolder, startDrop, uploadButton } from './adddocuments.js'
import { button, byId, el, fill } from './dom.js'
import { DocumentTable } from './documenttable.js'
import { folderBanner } from './folderlabel.js'
import { t, tn } from './i18n.js'
import { ingestCard } from './ingestcard.js'
import { sourceCard } from './sourcecard.js'
import { ingesting, onStatus, refreshStatus, state } from './state.js'
import { describe } from './toast.js'

export class DocumentsView {
  constructor() {
    this.root = byId('view-documents')
    this.sources = []
    this.documents = []
    this.progress = el('div', { class: 'ingest-slot' })
    this.banner = el('div')
    this.folders = el('div', { class: 'folders' })
    this.failures = el('div')
    this.table = new DocumentTable(() => this.load())
    startDrop(this.root, () => this.started())
    onStatus((status, before) => this.follow(status, before))
  }

  open() {
    fill(this.root, this.head(), this.progress, this.banner, this.failures, this.folders, this.table.node)
    this.showProgress()
    return this.load()
  }

  head() {
    return el(
      'header',
      { class: 'page-head' },
      el('div', {}, el('h2', { text: t('nav.documents') }), el('p', { text: t('documents.lead') })),
      el(
        'div',
        { class: 'page-tools' },
        uploadButton(() => this.started()),
        button(t('documents.add_folder'), { icon: 'plus', kind: 'button primary', onClick: () => addFolder().then((added) => added && this.started()) }),
      ),
    )
  }

  async load() {
    try {
      ;[this.sources, this.documents] = await Promise.all([api.sources(), api.documents()])
    } catch (error) {
      fill(this.failures, el('p', { class: 'page-error', role: 'alert', text: describe(error) }))
      return
    }
    this.draw()
  }

  draw() {
    const changed = () => {
      refreshStatus()
      return this.load()
    }
    fill(this.banner, folderBanner(state.status, changed))
    fill(this.failures, this.failed())
    fill(
      this.folders,
      el('h3', { class: 'part-title', text: t('documents.folders') }),
      this.sources.length
        ? el('ul', { class: 'source-cards' }, this.sources.map((source) => sourceCard(source, changed, () => this.started())))
        : el('p', { class: 'page-none', text: t('documents.none') }),
    )
    this.table.show(this.documents.filter((document) => document.status !== 'failed'), this.sources)
  }

  failed() {
    const failed = this.documents.filter((document) => document.status === 'failed')
    if (!failed.length) return null
    const line = (document) =>
      el('li', {}, el('span', { class: 'failed-name', text: document.path }), el('span', { class: 'failed-source', text: document.source }), el('span', { class: 'failed-reason', text: document.reason }))
    return el(
      'details',
      { class: 'failed', open: failed.length <= 5 },
      el('summary', {}, el('span', { class: 'icon icon-warn', 'aria-hidden': 'true' }), tn('documents.failed_title', failed.length)),
      el('ul', {}, failed.map(line)),
    )
  }

  // -- following what is being read

  started() {
    refreshStatus()
    this.load()
  }

  follow(status, before) {
    if (this.root.hidden) return
    this.showProgress()
    const finished = ingesting(before) && !ingesting(status)
    if (finished || status.documents !== before?.documents) this.load()
    else if (!ingesting(status)) fill(this.banner, folderBanner(status, () => this.load()))
  }

  showProgress() {
    ingestCard(this.progress, state.status?.ingest)
  }
}
