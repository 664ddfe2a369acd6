// Getting documents in: a folder by its path, chosen files, or files dropped on the page.

import { api } from './api.js'
import { button, el } from './dom.js'
import { openDialog } from './dialog.js'
import { t, tn } from './i18n.js'
import { LABELS } from './labels.js'
import { complain, describe, toast } from './toast.js'

/** Ask for a folder and its sensitivity; resolves to true when reading it has begun. */
export function addFolder() {
  const path = el('input', { type: 'text', id: 'folder-path', required: true, placeholder: t('folder.path_example'), autocomplete: 'off', spellcheck: 'false', 'data-first': true })
  const label = el('select', { id: 'folder-label' }, el('option', { value: '', text: t('folder.label_later') }), LABELS.map((one) => el('option', { value: one, text: `${t(`label.${one}`)}: ${t(`label.${one}.means`)}` })))
  const problem = el('p', { class: 'dialog-problem', role: 'alert' })
  return openDialog(t('documents.add_folder'), (close) => {
    const form = el(
      'form',
      {},
      el('label', { for: 'folder-path', text: t('folder.path') }),
      path,
      el('label', { for: 'folder-label', text: t('folder.question') }),
      label,
      el('p', { class: 'hint', text: t('folder.hint') }),
      problem,
      el(
        'div',
        { class: 'dialog-actions' },
        button(t('cancel'), { kind: 'button', onClick: () => close() }),
        el('button', { type: 'submit', class: 'button primary', text: t('folder.add') }),
      ),
    )
    form.addEventListener('submit', async (event) => {
      event.preventDefault()
      problem.textContent = ''
      try {
        await api.addSource(path.value.trim(), label.value || null)
        close(true)
      } catch (error) {
        problem.textContent = describe(error)
      }
    })
    return form
  }).then(Boolean)
}

async function upload(files, started) {
  const form = new FormData()
  for (const file of files) form.append('files', file, file.name)
  toast(tn('upload.started', files.length))
  try {
    await api.upload(form)
    started()
  } catch (error) {
    complain(error)
  }
}

export function uploadButton(started) {
  const box = el('input', { type: 'file', multiple: true, class: 'sr-only', tabindex: -1, 'aria-hidden': 'true' })
  box.addEventListener('change', () => {
    if (box.files.length) upload([...box.files], started)
    box.value = ''
  })
  return el('span', {}, box, button(t('documents.upload'), { icon: 'upload', kind: 'button', onClick: () => box.click() }))
}

/** Let files be dropped anywhere on `root`. */
export function startDrop(root, started) {
  let depth = 0
  const carries = (event) => event.dataTransfer?.types.includes('Files')
  root.dataset.drop = t('upload.drop')
  const enter = (by) => (event) => {
    if (!carries(event)) return
    event.preventDefault()
    depth = Math.max(0, depth + by)
    root.classList.toggle('dropping', depth > 0)
  }
  root.addEventListener('dragenter', enter(1))
  root.addEventListener('dragleave', enter(-1))
  root.addEventListener('dragover', (event) => carries(event) && event.preventDefault())
  root.addEventListener('drop', (event) => {
    if (!carries(event)) return
    event.preventDefault()
    depth = 0
    root.classList.remove('dropping')
    if (event.dataTransfer.files.length) upload([...event.dataTransfer.files], started)
  })
}
