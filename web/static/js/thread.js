// One conversation: its exchanges, and the one answer that may be on its way. Keeps running when not looked at.

import { announce } from './announce.js'
import { api } from './api.js'
import { el } from './dom.js'
import { Exchange } from './exchange.js'
import { t } from './i18n.js'
import { readEvents } from './stream.js'
import { complain } from './toast.js'

const SYNC_TRIES = [150, 600, 1500]

/**
 * `view` is what a thread needs of the page: `changed(thread)`, `grew()`, `restore(text)`, `cite(…)`,
 * `action(…)`, `receipt(id)`, `canRetry(zone, badge)`, `options()`.
 */
export class Thread {
  constructor(view, chat = null) {
    this.view = view
    this.chat = chat
    this.exchanges = []
    this.running = null
    this.node = el('div', { class: 'thread-inner' })
    this.hooks = {
      cite: (_, ...rest) => view.cite(...rest),
      receipt: (_, id) => view.receipt(id),
      action: (exchange, code) => this.act(exchange, code),
      retry: (exchange, zone) => this.askAgain(exchange, exchange.text, zone),
      again: (exchange) => this.askAgain(exchange, exchange.text),
      edited: (exchange, text) => this.askAgain(exchange, text),
      choose: (exchange, zone) => this.choose(exchange, zone),
      canRetry: (_, zone, badge) => view.canRetry(zone, badge),
    }
  }

  get empty() {
    return this.exchanges.length === 0
  }

  /** Show the stored messages of this conversation. */
  load(messages) {
    for (const message of messages) {
      if (message.role === 'user') {
        const exchange = this.add(message.text)
        exchange.messageId = message.id
        exchange.questionId = message.question_id
      } else {
        this.exchanges.at(-1)?.showStored(message)
      }
    }
    for (const { answer } of this.exchanges) if (!answer.ended) answer.fail(t('mark.unanswered'))
  }

  add(text, options = {}) {
    const exchange = new Exchange(text, this.hooks, options)
    this.exchanges.push(exchange)
    this.node.append(exchange.node)
    return exchange
  }

  act(exchange, code) {
    if (code === 'retry_local') this.askAgain(exchange, exchange.text, 'local')
    else this.view.action(code, () => this.askAgain(exchange, exchange.text))
  }

  async ask(text, options = this.view.options(), replaced = []) {
    if (this.running) return
    const exchange = this.add(text, options)
    exchange.answer.searching()
    announce(t('announce.searching'))
    const body = {
      chat_id: this.chat?.id ?? null, text, local_only: options.localOnly, prefer: options.prefer,
      model: options.model, replace_message_id: replaced[0]?.messageId ?? null,
    }
    await this.run(exchange, (signal) => api.ask(body, signal))
    if (exchange.messageId === null) this.takeBack(exchange, replaced)
  }

  /** Ask in place of `exchange`: it and everything after it leave the view. */
  askAgain(exchange, text, zone = null) {
    if (this.running) return
    const options = { ...this.view.options(), ...(zone && { prefer: zone, model: null }) }
    const at = this.exchanges.indexOf(exchange)
    const replaced = exchange.messageId === null ? [] : this.exchanges.slice(at)
    for (const old of this.exchanges.splice(at)) old.node.remove()
    this.ask(text, options, replaced)
  }

  /** The question never arrived: what it was to replace comes back, and its words return to the question box. */
  takeBack(exchange, replaced) {
    this.view.restore(this, exchange.text)
    if (!replaced.length) return
    exchange.node.remove()
    this.exchanges.pop()
    this.exchanges.push(...replaced)
    this.node.append(...replaced.map((old) => old.node))
    complain(exchange.error ?? {})
  }

  choose(exchange, zone) {
    exchange.answer.searching()
    this.run(exchange, (signal) => api.continue(exchange.questionId, zone, signal))
  }

  async run(exchange, open) {
    const controller = new AbortController()
    this.running = { exchange, controller }
    this.view.changed(this)
    try {
      const response = await open(controller.signal)
      for await (const { kind, data } of readEvents(response)) {
        if (controller.signal.aborted) break
        this.take(exchange, kind, data)
      }
      if (!exchange.answer.ended) exchange.answer.fail(t('error.cut'))
    } catch (error) {
      exchange.error = error
      if (!controller.signal.aborted) exchange.answer.fail(this.describeBreak(exchange, error))
    } finally {
      if (this.running?.controller === controller) this.running = null
      this.view.changed(this)
    }
  }

  /** A stream that breaks after it began reports a network error of its own, without words for people. */
  describeBreak(exchange, error) {
    return error.status === undefined || (error.status === 0 && exchange.messageId !== null) ? t('error.lost') : error
  }

  take(exchange, kind, data) {
    if (kind === 'asked') {
      exchange.messageId = data.message_id
      exchange.questionId = data.question_id
      const title = data.title || this.chat?.title || exchange.text
      this.chat = { label: 'public', ...this.chat, id: data.chat_id, title }
      this.view.changed(this)
      return
    }
    if (kind === 'route' && data.chat_label) this.chat.label = data.chat_label
    exchange.answer.take(kind, data)
    if (kind === 'done') this.view.changed(this)
    this.view.grew(this)
  }

  /** Stop at once; the stored answer, with its record, takes this one's place when the server has it. */
  stop() {
    if (!this.running) return
    const { exchange, controller } = this.running
    if (exchange.questionId !== null) api.stop(exchange.questionId).catch(() => {})
    controller.abort()
    this.running = null
    exchange.answer.stop()
    this.view.changed(this)
    if (exchange.questionId !== null) this.sync(exchange)
  }

  async sync(exchange) {
    for (const pause of SYNC_TRIES) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      try {
        const { messages } = await api.chat(this.chat.id)
        const stored = messages.find((one) => one.role === 'assistant' && one.question_id === exchange.questionId)
        if (stored) return exchange.showStored(stored)
      } catch { /* try again, then leave what is shown */ }
    }
    return undefined
  }
}
