// Tells screen readers what happens, sentence by sentence, never token by token.

import { byId } from './dom.js'

const PAUSE = 1200
const SENTENCE = /[\s\S]*[.!?。！？](?=\s|$|[^\s])/

/** Say one short message. */
export function announce(text) {
  byId('announcer').textContent = text
}

/** Speaks a growing answer: whole sentences, at most one utterance per pause. */
export class Narrator {
  constructor() {
    this.waiting = ''
    this.timer = null
  }

  hear(text) {
    this.waiting += text
    this.timer ??= setTimeout(() => this.speak(), PAUSE)
  }

  speak() {
    this.timer = null
    const [ready] = SENTENCE.exec(this.waiting) ?? ['']
    if (!ready) return
    this.waiting = this.waiting.slice(ready.length)
    announce(plain(ready))
  }

  end(closing) {
    clearTimeout(this.timer)
    this.timer = null
    announce(`${plain(this.waiting)} ${closing}`.trim())
    this.waiting = ''
  }
}

function plain(text) {
  return text.replace(/\[\d{1,2}\]|[*_`#|]/g, '').trim()
}
