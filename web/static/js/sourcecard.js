// One folder on the Documents page: its sensitivity, its Local-only switch, reading it again, removing it.

import { api } from './api.js'
import { button, el, icon } from './dom.js'
import { confirmDialog } from './dialog.js'
import { t, tn } from './i18n.js'
import { LABELS } from './labels.js'
import { complain, toast } from './toast.js'

/** `changed()` reloads the page's lists; `started()` follows an ingest that has begun. */
export function sourceCard(source, changed, started) {
  const run = async (work, done) => {
    try {
      await work()
      done && toast(done)
    } catch (error) {
      complain(error)
    }
    await changed()
  }
  return el(
    'li',
    { class: 'source-folder' },
    el(
      'header',
      {},
      icon('folder'),
      el('div', { class: 'source-name' }, el('h4', { text: source.name }), el('small', { text: source.root, title: source.root })),
      source.sample && el('span', { class: 'sample-sign', text: t('source.sample') }),
    ),
    el('p', { class: 'source-counts', text: counts(source) }),
    el('div', { class: 'source-settings' }, labelSelect(source, run), localSwitch(source, run)),
    el('footer', {}, readAgain(source, started), remove(source, run)),
  )
}

function counts(source) {
  const parts = [tn('documents.count', source.documents)]
  if (source.failed) parts.push(tn('documents.failed', source.failed))
  if (source.unlabelled) parts.push(tn('documents.unlabelled', source.unlabelled))
  return parts.join(' · ')
}

function labelSelect(source, run) {
  const id = `source-label-${source.id}`
  const none = source.default_label ? null : el('option', { value: '', text: t(source.unlabelled || !source.documents ? 'source.not_labelled' : 'source.by_document') })
  const select = el('select', { id }, none, LABELS.map((label) => el('option', { value: label, text: t(`label.${label}`) })))
  select.value = source.default_label ?? ''
  select.addEventListener('change', () => relabel(source, select, run))
  return el('div', { class: 'setting' }, el('label', { for: id, text: t('sensitivity') }), select)
}

/** A looser folder label may let its text go to the cloud, so lowering asks first. */
async function relabel(source, select, run) {
  const label = select.value
  const lowering = source.default_label && LABELS.indexOf(label) < LABELS.indexOf(source.default_label)
  const title = lowering && t('lower.title', { from: t(`label.${source.default_label}`), to: t(`label.${label}`) })
  if (lowering && !(await confirmDialog(title, t('lower.why'), t('lower.yes'), { danger: true }))) {
    select.value = source.default_label
    return
  }
  await run(() => api.labelSource(source.id, label), t('folder.done', { name: source.name, label: t(`label.${label}`) }))
}

function localSwitch(source, run) {
  const node = el(
    'button',
    { type: 'button', class: 'switch', role: 'switch', 'aria-checked': String(source.local_only), title: t('source.local_only_means') },
    el('span', { class: 'switch-track' }, el('span', { class: 'switch-knob' })),
    el('span', { text: t('composer.local_only') }),
  )
  node.addEventListener('click', () => run(() => api.keepLocal(source.id, !source.local_only)))
  return node
}

function readAgain(source, started) {
  return button(t('source.read_again'), {
    icon: 'retry', kind: 'quiet-button', onClick: () => api.readSource(source.id).then(started, complain),
  })
}

function remove(source, run) {
  const label = t(source.sample ? 'source.remove_sample' : 'source.remove')
  const go = () => run(() => api.removeSource(source.id), t('source.removed', { name: source.name }))
  return button(label, {
    icon: 'trash', kind: 'quiet-button danger', onClick: async () => {
      const sure = source.sample || (await confirmDialog(t('source.remove_title', { name: source.name }), t('source.remove_why'), t('source.remove'), { danger: true }))
      if (sure) go()
    },
  })
}
