// Modal questions on the native dialog element, which traps focus, closes on Esc and gives focus back.

import { button, el } from './dom.js'
import { t } from './i18n.js'

/** Open a dialog; `build(close)` returns its content. Resolves to what `close` was called with, else undefined. */
export function openDialog(title, build, { kind = '' } = {}) {
  const heading = el('h2', { id: 'dialog-title', text: title })
  const dialog = el('dialog', { class: `dialog ${kind}`, 'aria-labelledby': 'dialog-title' })
  return new Promise((resolve) => {
    let answer
    const close = (value) => {
      answer = value
      dialog.close()
    }
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(answer)
    })
    dialog.addEventListener('click', (event) => {
      if (event.target === dialog) dialog.close()
    })
    const head = el('header', { class: 'dialog-head' }, heading, closeButton(dialog))
    dialog.append(el('div', { class: 'dialog-inside' }, head, build(close)))
    document.body.append(dialog)
    dialog.showModal()
    dialog.querySelector('[data-first]')?.focus()
  })
}

function closeButton(dialog) {
  return button(t('close'), { icon: 'close', iconOnly: true, kind: 'icon-button', onClick: () => dialog.close() })
}

/** Ask for a yes; resolves to true or false. */
export async function confirmDialog(title, text, yes, { danger = false } = {}) {
  const answer = await openDialog(title, (close) =>
    el(
      'div',
      {},
      el('p', { text }),
      el(
        'div',
        { class: 'dialog-actions' },
        button(t('cancel'), { kind: 'button', 'data-first': true, onClick: () => close(false) }),
        button(yes, { kind: danger ? 'button danger' : 'button primary', onClick: () => close(true) }),
      ),
    ),
  )
  return answer === true
}
