// The chat page: which conversation is shown, its question box, and how the page follows a growing answer.

import { api } from './api.js'
import { byId, el, fill } from './dom.js'
import { Composer } from './composer.js'
import { closeDrawer } from './drawer.js'
import { emptyState } from './empty.js'
import { askFolderLabels } from './folderlabel.js'
import { t } from './i18n.js'
import { labelChip } from './labels.js'
import { openMenu } from './menu.js'
import { connectOllama } from './ollama.js'
import { openPassage } from './passages.js'
import { openReceipt } from './receiptview.js'
import { onStatus, state } from './state.js'
import { Thread } from './thread.js'
import { describe, toast } from './toast.js'

const NEAR = 80

/** Reasons that hold for the rest of a conversation: asking again for the cloud would only be refused. */
const STAYS_HERE = new Set([
  'mode_local_only', 'switch_local_only', 'source_local_only', 'label_passages', 'masked_no_names', 'masked_not_looked', 'label_conversation', 'label_question',
])

export class ChatView {
  /** `navigate(path)` changes the address; `listed()` is called when a conversation appeared or got a title. */
  constructor({ navigate, listed }) {
    this.navigate = navigate
    this.listed = listed
    this.live = new Map()
    this.stick = true
    this.opening = 0
    this.scroller = byId('thread-scroll')
    this.composer = new Composer({ submit: (text) => this.submit(text), stop: () => this.thread.stop() })
    this.scroller.addEventListener('scroll', () => this.watchScroll(), { passive: true })
    byId('to-bottom').addEventListener('click', () => this.toBottom())
    byId('export').addEventListener('click', () => this.openExport())
    onStatus(() => {
      this.composer.showModel()
      if (this.thread.empty) this.draw()
    })
    this.show(new Thread(this))
  }

  // -- which conversation

  startNew() {
    this.opening += 1
    this.show(new Thread(this))
    byId('question').focus()
  }

  async open(id) {
    if (this.thread.chat?.id === id) return
    const opening = (this.opening += 1)
    closeDrawer()
    if (this.live.has(id)) return this.show(this.live.get(id))
    fill(byId('thread'), el('div', { class: 'thread-inner' }, el('div', { class: 'skeleton' }), el('div', { class: 'skeleton' })))
    try {
      const { chat, messages } = await api.chat(id)
      if (opening !== this.opening) return
      const thread = new Thread(this, chat)
      thread.load(messages)
      this.show(thread)
    } catch (error) {
      if (opening !== this.opening) return
      this.startNew()
      this.navigate('/', { replace: true })
      toast(error.status === 404 ? t('chat.gone') : describe(error), { kind: 'bad' })
    }
  }

  show(thread) {
    this.thread = thread
    closeDrawer()
    this.draw()
    this.changed(thread)
    this.toBottom()
  }

  draw() {
    const { thread } = this
    fill(byId('thread'), thread.empty ? emptyState(state.status, (text) => this.submit(text)) : thread.node)
    byId('view-chat').classList.toggle('is-empty', thread.empty)
  }

  /** A conversation left the list. */
  forget(id) {
    this.live.get(id)?.stop()
    this.live.delete(id)
    if (this.thread.chat?.id === id) {
      this.startNew()
      this.navigate('/', { replace: true })
    }
  }

  renamed(id, title) {
    if (this.thread.chat?.id === id) {
      this.thread.chat.title = title
      this.titled()
    }
  }

  // -- what a thread asks of the page

  submit(text) {
    const wasEmpty = this.thread.empty
    const asking = this.thread.ask(text)
    if (wasEmpty) this.draw()
    this.stick = true
    this.toBottom()
    return asking
  }

  options() {
    return this.composer.options()
  }

  changed(thread) {
    if (thread.chat) {
      if (thread.running) this.live.set(thread.chat.id, thread)
      else this.live.delete(thread.chat.id)
      this.listed(thread.chat)
    }
    if (thread !== this.thread) return
    this.composer.setBusy(Boolean(thread.running))
    this.titled()
    if (thread.chat) this.navigate(`/#${thread.chat.id}`, { replace: location.hash === '' && !thread.empty ? false : true })
    this.grew(thread)
  }

  titled() {
    const { chat } = this.thread
    byId('export').hidden = !chat
    this.title = chat?.title ?? t('chats.new')
    if (!byId('view-chat').hidden) {
      byId('view-title').textContent = this.title
      document.title = chat ? `${chat.title} · Airlock` : 'Airlock'
      fill(byId('chat-label'), chat?.label && chat.label !== 'public' ? labelChip(chat.label) : null)
    }
  }

  grew(thread) {
    if (thread === this.thread && this.stick) requestAnimationFrame(() => this.toBottom())
  }

  restore(thread, text) {
    if (thread === this.thread) this.composer.restore(text)
  }

  cite(citation, all, chip) {
    openPassage(citation, all, chip)
  }

  receipt(id) {
    openReceipt(id)
  }

  action(code, again) {
    const done = { label_folder: askFolderLabels, connect_ollama: connectOllama, add_folder: () => this.navigate('/documents') }[code]?.()
    if (code === 'label_folder') {
      done.then((labelled) => labelled && toast(t('folder.try_again'), { action: { label: t('ask_again'), run: again } }))
    }
  }

  canRetry(zone, badge) {
    if (zone === 'local') return true
    if (badge?.reasons?.some((reason) => STAYS_HERE.has(reason.code))) return false
    return Boolean(state.status?.models?.cloud?.ready) && state.mode !== 'local-only' && !this.composer?.localOnly
  }

  // -- following the answer

  watchScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller
    this.stick = scrollHeight - scrollTop - clientHeight < NEAR
    byId('to-bottom').hidden = this.stick
  }

  toBottom() {
    this.scroller.scrollTop = this.thread?.empty ? 0 : this.scroller.scrollHeight
  }

  openExport() {
    const { chat } = this.thread
    const save = (format) => () => {
      const link = el('a', { href: api.exportPath(chat.id, format), download: '' })
      link.click()
    }
    openMenu(
      byId('export'),
      [
        { label: t('export.md'), icon: 'file', run: save('md') },
        { label: t('export.json'), icon: 'file', run: save('json') },
      ],
      { label: t('export'), align: 'end' },
    )
  }
}
