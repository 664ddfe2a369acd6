// How to connect a model on this computer, step by step, with a button that looks again.

import { button, el } from './dom.js'
import { openDialog } from './dialog.js'
import { pick, t } from './i18n.js'
import { refreshStatus, state } from './state.js'
import { copy } from './toast.js'

/** A command to copy. */
export function commandLine(text) {
  return el('div', { class: 'command' }, el('code', { text }), button(t('copy'), { icon: 'copy', iconOnly: true, kind: 'icon-button small', onClick: () => copy(text) }))
}

export function connectOllama() {
  return openDialog(t('ollama.title'), () => {
    const result = el('p', { class: 'dialog-result', role: 'status' })
    const look = async () => {
      await refreshStatus()
      const found = state.status?.models?.local?.length
      result.textContent = found ? t('ollama.found', { model: state.status.models.local[0].name }) : pick(state.status?.answers?.why) || t('ollama.not_found')
    }
    return el(
      'div',
      {},
      el('p', { text: t('ollama.why') }),
      el(
        'ol',
        { class: 'steps' },
        el('li', {}, t('ollama.install'), ' ', el('span', { class: 'address', text: 'https://ollama.com/download' })),
        el('li', {}, t('ollama.pull'), commandLine('ollama pull qwen3:4b')),
        el('li', {}, t('ollama.look')),
      ),
      result,
      el('div', { class: 'dialog-actions' }, button(t('ollama.check'), { icon: 'retry', kind: 'button primary', 'data-first': true, onClick: look })),
    )
  })
}
