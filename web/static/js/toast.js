// Short notes at the foot of the page, with at most one thing to do.

import { button, byId, el } from './dom.js'
import { t } from './i18n.js'

const SHOWN = 6000

/** Show `text`; `action` is `{label, run}`. `onGone` runs when the note leaves without its action being taken. */
export function toast(text, { action, onGone, kind = '' } = {}) {
  const note = el('div', { class: `toast ${kind}`, role: kind === 'bad' ? 'alert' : 'status' }, el('span', { text }))
  let over = false
  const leave = (run) => {
    if (over) return
    over = true
    clearTimeout(timer)
    removeEventListener('pagehide', gone)
    note.remove()
    run?.()
  }
  const gone = () => leave(onGone)
  if (action) note.append(button(action.label, { kind: 'toast-action', onClick: () => leave(action.run) }))
  note.append(button(t('close'), { icon: 'close', iconOnly: true, kind: 'icon-button small', onClick: gone }))
  const timer = setTimeout(gone, SHOWN)
  addEventListener('pagehide', gone)
  byId('toasts').append(note)
  return gone
}

/** Say in plain words what went wrong. */
export function describe(error) {
  if (error.status === 0) return t('error.network')
  if (error.status === 413) return t('error.too_large')
  return error.detail || error.title || t('error.unknown')
}

export function complain(error) {
  toast(describe(error), { kind: 'bad' })
}

/** Copy `text` and say so. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    toast(t('copied'))
  } catch {
    toast(t('error.copy'), { kind: 'bad' })
  }
}
