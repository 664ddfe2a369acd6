// Asks how sensitive a folder is: once in a banner, or in a dialog when an answer stayed local for want of a label.

import { api } from './api.js'
import { button, el, icon } from './dom.js'
import { openDialog } from './dialog.js'
import { t, tn } from './i18n.js'
import { LABELS, labelChip } from './labels.js'
import { refreshStatus, state } from './state.js'
import { complain, toast } from './toast.js'

const LATER = 'airlock-label-later'

function later() {
  try {
    return JSON.parse(localStorage.getItem(LATER) ?? '[]')
  } catch {
    return []
  }
}

function putOff(id) {
  try {
    localStorage.setItem(LATER, JSON.stringify([...later(), id]))
  } catch { /* storage is blocked: it will be asked again */ }
}

/** The banner for the first folder nobody labelled and nobody put off; null when there is none. */
export function folderBanner(status, onLabelled = () => {}) {
  const source = (status?.unlabelled ?? []).find((one) => !later().includes(one.source_id))
  if (!source) return null
  const banner = el(
    'section',
    { class: 'banner', 'aria-label': t('folder.question') },
    icon('tag'),
    el(
      'div',
      { class: 'banner-text' },
      el('h3', { text: t('folder.title', { name: source.name }) }),
      el('p', { text: tn('folder.why', source.count) }),
      labelChoices((label) => labelFolder(source, label).then((done) => done && (banner.remove(), onLabelled()))),
    ),
    button(t('folder.later'), { icon: 'close', iconOnly: true, kind: 'icon-button small', onClick: () => {
      putOff(source.source_id)
      banner.remove()
    } }),
  )
  return banner
}

function labelChoices(choose) {
  const choice = (label) => {
    const node = el('button', { type: 'button', class: 'label-choice' }, labelChip(label), el('small', { text: t(`label.${label}.means`) }))
    node.addEventListener('click', () => choose(label))
    return node
  }
  return el('div', { class: 'label-choices', role: 'group', 'aria-label': t('folder.question') }, LABELS.map(choice))
}

async function labelFolder(source, label) {
  try {
    await api.labelSource(source.source_id, label)
  } catch (error) {
    complain(error)
    return false
  }
  toast(t('folder.done', { name: source.name, label: t(`label.${label}`) }))
  refreshStatus()
  return true
}

/** Ask in a dialog about every unlabelled folder; resolves to true when one was labelled. */
export function askFolderLabels() {
  const sources = state.status?.unlabelled ?? []
  if (!sources.length) {
    toast(t('folder.none'))
    return Promise.resolve(false)
  }
  return openDialog(t('folder.question'), (close) =>
    el(
      'div',
      { class: 'folder-dialog' },
      sources.map((source) =>
        el(
          'section',
          {},
          el('h3', {}, icon('folder'), el('span', { text: source.name }), el('small', { text: tn('documents.count', source.count) })),
          labelChoices((label) => labelFolder(source, label).then((done) => done && close(true))),
        ),
      ),
    ),
  ).then(Boolean)
}
