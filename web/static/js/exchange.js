// One question with its answer, and what a person can do with the question: copy it, edit it and ask again.

import { AnswerView } from './answer.js'
import { button, el, icon } from './dom.js'
import { t } from './i18n.js'
import { copy } from './toast.js'
import { isSubmit } from './keys.js'

/** `hooks` are those of AnswerView, each given this exchange first, plus `edited(exchange, text)`. */
export class Exchange {
  constructor(text, hooks, { localOnly = false } = {}) {
    this.text = text
    this.hooks = hooks
    this.localOnly = localOnly
    this.messageId = null
    this.questionId = null
    this.bubble = el('div', { class: 'question-bubble' })
    this.node = el('article', { class: 'exchange', 'aria-label': t('exchange.label') }, this.questionRow())
    this.setAnswer(new AnswerView(this.answerHooks()))
  }

  answerHooks() {
    const bound = Object.entries(this.hooks).map(([name, hook]) => [name, (...args) => hook(this, ...args)])
    return Object.fromEntries(bound)
  }

  setAnswer(view) {
    this.answer?.node.remove()
    this.answer = view
    this.node.append(view.node)
  }

  showStored(message) {
    this.setAnswer(AnswerView.stored(message, this.answerHooks()))
  }

  questionRow() {
    this.bubble.replaceChildren(this.text)
    const tools = el(
      'div',
      { class: 'question-tools' },
      button(t('copy'), { icon: 'copy', iconOnly: true, kind: 'icon-button small', onClick: () => copy(this.text) }),
      button(t('edit'), { icon: 'edit', iconOnly: true, kind: 'icon-button small', onClick: () => this.edit() }),
    )
    const sign = this.localOnly && el('span', { class: 'question-local' }, icon('lock'), t('composer.local_only'))
    this.row = el('div', { class: 'question' }, this.bubble, el('div', { class: 'question-under' }, sign, tools))
    return this.row
  }

  edit() {
    const area = el('textarea', { class: 'edit-area', rows: 3, 'aria-label': t('edit') })
    area.value = this.text
    const back = () => {
      form.replaceWith(this.row)
      this.row.querySelector('button:last-child')?.focus()
    }
    const go = () => {
      const text = area.value.trim()
      if (!text) return
      form.replaceWith(this.row)
      this.hooks.edited(this, text)
    }
    const form = el(
      'form',
      { class: 'edit' },
      area,
      el(
        'div',
        { class: 'edit-actions' },
        button(t('cancel'), { kind: 'button small', onClick: back }),
        el('button', { type: 'submit', class: 'button primary small', text: t('ask_again') }),
      ),
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      go()
    })
    area.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        event.stopPropagation()
        back()
      } else if (isSubmit(event)) {
        event.preventDefault()
        go()
      }
    })
    this.row.replaceWith(form)
    area.focus()
    area.setSelectionRange(area.value.length, area.value.length)
  }
}
