// One answer as it comes: where it is written, its text, its marks, its sources and its badge. Sends nothing.

import { announce, Narrator } from './announce.js'
import { badgeView, sourceList } from './badge.js'
import { confirmCard } from './confirm.js'
import { button, el, fill, icon } from './dom.js'
import { pick, t, tn } from './i18n.js'
import { placeChip, placeName } from './labels.js'
import { MarkdownView } from './markdown.js'
import { copy, describe } from './toast.js'

const ENDINGS = { stopped: 'mark.stopped', incomplete: 'mark.incomplete' }

/**
 * `hooks`: `cite(citation, all, chip)`, `action(code)`, `retry(zone)`, `receipt(id)`, `choose(zone)`, `again()`
 * and `canRetry(zone)`.
 */
export class AnswerView {
  constructor(hooks) {
    this.hooks = hooks
    this.text = ''
    this.passages = []
    this.citations = new Map()
    this.marks = new Set()
    this.ended = false
    this.frame = null
    this.narrator = new Narrator()
    this.progressLine = el('div', { class: 'progress-line' })
    this.body = el('div', { class: 'prose' })
    this.markList = el('div', { class: 'marks' })
    this.foot = el('footer', { class: 'answer-foot' })
    this.node = el('div', { class: 'answer', 'aria-busy': 'true' }, this.progressLine, this.body, this.markList, this.foot)
    this.markdown = new MarkdownView(this.body, (number) => this.chip(number))
  }

  /** Take one event of the stream. */
  take(kind, data) {
    const handlers = {
      passages: this.showPassages, route: this.showRoute, progress: this.showProgress, token: this.addToken,
      cite: this.addCitation, mark: this.addMark, done: this.finish, problem: this.showProblem,
    }
    handlers[kind]?.call(this, data)
  }

  searching() {
    this.say(t('progress.searching'))
  }

  showPassages({ passages }) {
    this.passages = passages
    const documents = new Set(passages.map((passage) => passage.document_id)).size
    this.say(passages.length ? tn('progress.found', documents) : t('progress.found_none'))
  }

  showRoute(route) {
    this.route = route
    if (route.confirm) return this.askConsent(route)
    const key = route.answerer === 'quotes' ? 'progress.extracting' : 'progress.writing'
    this.say(t(key), placeChip(route))
    return announce(`${t('announce.where', { place: placeName(route) })} ${pick(route.why)}`)
  }

  askConsent(route) {
    this.ended = true
    this.waiting = true
    this.node.setAttribute('aria-busy', 'false')
    fill(this.progressLine)
    const card = confirmCard(route, (zone) => {
      card.remove()
      this.waiting = false
      this.ended = false
      this.node.setAttribute('aria-busy', 'true')
      this.hooks.choose(zone)
    })
    this.body.before(card)
    card.focus()
  }

  showProgress({ code, text }) {
    this.say(pick(text) || t(`progress.${code}`), this.route && placeChip(this.route))
  }

  say(text, chip = null) {
    fill(this.progressLine, chip, el('span', { class: 'spinner', aria: { hidden: true } }), el('span', { text }))
  }

  addToken({ text }) {
    this.text += text
    this.narrator.hear(text)
    this.frame ??= requestAnimationFrame(() => this.draw())
  }

  addCitation(citation) {
    this.citations.set(citation.number, citation)
  }

  addMark({ code, text, actions = [], message }) {
    if (this.marks.has(code)) return
    this.marks.add(code)
    const known = actions.filter((action) => action !== 'retry_local' || this.hooks.canRetry('local'))
    this.markList.append(
      el(
        'div',
        { class: `mark mark-${code}`, role: 'note' },
        icon(code === 'fallback' || code === 'incomplete' || code === 'gate_refused' ? 'warn' : 'info'),
        el('p', { text: pick(text) || message || t(`mark.${code}`) }),
        known.length > 0 && el('div', { class: 'mark-actions' }, known.map((action) => this.actionButton(action))),
      ),
    )
  }

  actionButton(action) {
    return button(t(`action.${action}`), { kind: 'button small', onClick: () => this.hooks.action(action) })
  }

  /** Draw what has come so far; `fresh` draws every block anew, because citations became known. */
  draw({ fresh = false } = {}) {
    cancelAnimationFrame(this.frame)
    this.frame = null
    this.markdown.update(this.text, { fresh })
  }

  finish({ message_id: id, status, badge, text, citations }) {
    this.messageId = id
    if (typeof text === 'string') this.text = text
    for (const citation of citations ?? []) this.citations.set(citation.number, citation)
    this.end(status)
    this.settle(status, badge)
    this.narrator.end(t('announce.done'))
  }

  /** Show a stored answer. */
  static stored(message, hooks) {
    const view = new AnswerView(hooks)
    view.messageId = message.id
    view.text = message.text
    for (const citation of message.citations ?? []) view.citations.set(citation.number, citation)
    for (const notice of message.notices ?? []) view.addMark(notice)
    view.end(message.status)
    view.settle(message.status, message.badge)
    return view
  }

  end(status) {
    this.ended = true
    this.status = status
    this.node.setAttribute('aria-busy', 'false')
    this.node.classList.toggle('unfinished', status in ENDINGS)
    fill(this.progressLine)
    this.draw({ fresh: true })
    if (status in ENDINGS) this.addMark({ code: status, text: t(ENDINGS[status]) })
  }

  settle(status, badge) {
    const cited = [...this.citations.values()].sort((one, other) => one.number - other.number)
    fill(
      this.foot,
      cited.length > 0 && sourceList(cited, (citation, chip) => this.hooks.cite(citation, cited, chip)),
      badge && badgeView(badge, () => this.hooks.receipt(badge.receipt_id)),
      this.actions(badge),
    )
  }

  actions(badge) {
    const zones = ['local', 'cloud'].filter((zone) => this.hooks.canRetry(zone, badge))
    return el(
      'div',
      { class: 'answer-actions' },
      button(t('copy'), { icon: 'copy', iconOnly: true, kind: 'icon-button small', onClick: () => copy(this.text) }),
      zones.map((zone) =>
        button(t(`retry.${zone}`), {
          icon: zone === 'cloud' ? 'cloud' : 'computer', kind: 'quiet-button', onClick: () => this.hooks.retry(zone),
        }),
      ),
    )
  }

  /** A person stopped it: keep what came; the stored answer replaces this when it is known. */
  stop() {
    this.end('stopped')
    this.narrator.end(t('announce.stopped'))
  }

  showProblem(problem) {
    this.fail(problem.detail || problem.title || t('error.unknown'))
  }

  /** Something went wrong: what came stays, and the question can be asked again. */
  fail(reason) {
    if (this.ended && !this.waiting) return
    const text = typeof reason === 'string' ? reason : describe(reason)
    this.ended = true
    this.failed = true
    this.node.setAttribute('aria-busy', 'false')
    fill(this.progressLine)
    this.draw({ fresh: true })
    const again = button(t('ask_again'), { icon: 'retry', kind: 'button small', onClick: () => this.hooks.again() })
    this.markList.append(
      el('div', { class: 'mark mark-problem', role: 'alert' }, icon('warn'), el('p', { text }), el('div', { class: 'mark-actions' }, again)),
    )
  }

  /** The chip for `[number]`, or null where no passage has that number. */
  chip(number) {
    const known = this.citations.get(number) ?? this.passages[number - 1]
    if (!known) return null
    const chip = el('button', {
      type: 'button', class: 'cite', text: number, title: known.title, 'aria-label': t('cite.open', { number, title: known.title }),
    })
    chip.addEventListener('click', () => {
      const cited = [...this.citations.values()].sort((one, other) => one.number - other.number)
      this.hooks.cite({ number, ...(this.citations.get(number) ?? known) }, cited, chip)
    })
    return chip
  }
}
