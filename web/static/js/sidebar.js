// The list of conversations: open, search, rename, delete with undo.

import { api } from './api.js'
import { button, byId, el, fill } from './dom.js'
import { dayGroup, t } from './i18n.js'
import { openMenu } from './menu.js'
import { state } from './state.js'
import { complain, toast } from './toast.js'

const GROUPS = ['today', 'yesterday', 'week', 'older']
const DELETING = 'airlock-deleting'

/** Conversations whose deletion was on its way when the page was left; a reload is served before it arrives. */
function leftover() {
  try {
    return JSON.parse(sessionStorage.getItem(DELETING) ?? '[]')
  } catch {
    return []
  }
}

function keep(ids) {
  try {
    sessionStorage.setItem(DELETING, JSON.stringify([...ids]))
  } catch { /* storage is blocked: a reload may show one for a moment */ }
}

export class Sidebar {
  /** `hooks`: `open(id)`, `startNew()`, `removed(id)`, `renamed(id, title)`. */
  constructor(hooks) {
    this.hooks = hooks
    this.current = null
    this.gone = new Set(leftover())
    this.search = byId('chat-search')
    this.search.addEventListener('input', () => this.draw())
    this.search.addEventListener('keydown', (event) => this.searchKeys(event))
    byId('new-chat').addEventListener('click', () => hooks.startNew())
    byId('open-sidebar').addEventListener('click', () => this.toggle())
    byId('close-sidebar').addEventListener('click', () => this.close())
    byId('scrim').addEventListener('click', () => this.close())
    this.draw()
    for (const id of this.gone) this.deleteNow({ id })
  }

  async refresh() {
    try {
      state.chats = await api.chats()
      this.draw()
    } catch (error) {
      complain(error)
    }
  }

  /** A conversation was used: it moves to the top, or its title became known. */
  touched(chat) {
    const known = state.chats.find((one) => one.id === chat.id)
    if (known && known.title === chat.title && this.current === chat.id) return
    const updated = { ...known, ...chat, updated_at: known?.updated_at ?? new Date().toISOString() }
    state.chats = [updated, ...state.chats.filter((one) => one.id !== chat.id)]
    if (known) state.chats.sort((one, other) => (one.updated_at < other.updated_at ? 1 : -1))
    this.draw()
  }

  select(id) {
    if (this.current === id) return
    this.current = id
    this.draw()
  }

  // -- drawing

  draw() {
    const wanted = this.search.value.trim().toLocaleLowerCase()
    const found = state.chats.filter((chat) => !this.gone.has(chat.id) && titleOf(chat).toLocaleLowerCase().includes(wanted))
    const list = byId('chat-list')
    const focused = list.contains(document.activeElement) ? document.activeElement.closest('li')?.dataset.id : null
    const groups = GROUPS.map((group) => [group, found.filter((chat) => dayGroup(chat.updated_at) === group)])
    fill(
      list,
      groups.filter(([, chats]) => chats.length).map(([group, chats]) => [
        el('li', { class: 'chat-group', text: t(`chats.${group}`) }),
        chats.map((chat) => this.item(chat)),
      ]),
      !found.length && el('li', { class: 'chat-none', text: t(wanted ? 'chats.no_match' : 'chats.none') }),
    )
    if (focused) list.querySelector(`li[data-id="${CSS.escape(focused)}"] a`)?.focus()
  }

  item(chat) {
    const current = chat.id === this.current
    const link = el('a', { href: `/#${chat.id}`, class: 'chat-link', text: titleOf(chat), title: titleOf(chat), 'aria-current': current ? 'page' : null })
    link.addEventListener('click', (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return
      event.preventDefault()
      this.hooks.open(chat.id)
    })
    const more = button(t('chats.more', { title: titleOf(chat) }), { icon: 'more', iconOnly: true, kind: 'icon-button small chat-more' })
    more.addEventListener('click', () => this.openMore(more, chat))
    link.addEventListener('keydown', (event) => this.itemKeys(event, chat))
    return el('li', { class: current ? 'chat-item current' : 'chat-item', data: { id: chat.id } }, link, more)
  }

  openMore(anchor, chat) {
    openMenu(
      anchor,
      [
        { label: t('chats.rename'), icon: 'edit', run: () => this.rename(chat) },
        { label: t('chats.delete'), icon: 'trash', kind: 'danger', run: () => this.remove(chat) },
      ],
      { label: titleOf(chat) },
    )
  }

  // -- keys

  searchKeys(event) {
    if (event.key === 'Escape') {
      this.search.value = ''
      this.draw()
    } else if (event.key === 'ArrowDown' || event.key === 'Enter') {
      const first = byId('chat-list').querySelector('a')
      event.preventDefault()
      if (event.key === 'Enter' && !event.isComposing) first?.click()
      else first?.focus()
    }
  }

  itemKeys(event, chat) {
    const links = [...byId('chat-list').querySelectorAll('a')]
    const at = links.indexOf(event.currentTarget)
    if (event.key === 'ArrowDown') links[at + 1]?.focus()
    else if (event.key === 'ArrowUp') (links[at - 1] ?? this.search).focus()
    else if (event.key === 'F2') this.rename(chat)
    else if (event.key === 'Delete') this.remove(chat)
    else return
    event.preventDefault()
  }

  // -- changing

  rename(chat) {
    const row = byId('chat-list').querySelector(`li[data-id="${CSS.escape(chat.id)}"]`)
    const box = el('input', { class: 'rename', type: 'text', maxlength: 200, 'aria-label': t('chats.rename') })
    box.value = titleOf(chat)
    let over = false
    const end = async (keep) => {
      if (over) return
      over = true
      const title = box.value.trim()
      if (keep && title && title !== chat.title) await this.saveTitle(chat, title)
      this.draw()
    }
    box.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && !event.isComposing) end(true)
      else if (event.key === 'Escape') end(false)
      else return
      event.stopPropagation()
    })
    box.addEventListener('blur', () => end(true))
    row.replaceChildren(box)
    box.focus()
    box.select()
  }

  async saveTitle(chat, title) {
    try {
      await api.renameChat(chat.id, title)
      const known = state.chats.find((one) => one.id === chat.id)
      if (known) known.title = title
      this.hooks.renamed(chat.id, title)
    } catch (error) {
      complain(error)
    }
  }

  /** Hide it at once; it is deleted when the note with Undo goes away. */
  remove(chat) {
    this.gone.add(chat.id)
    keep(this.gone)
    const wasCurrent = this.current === chat.id
    this.hooks.removed(chat.id)
    this.draw()
    toast(t('chats.deleted', { title: titleOf(chat) }), {
      action: { label: t('undo'), run: () => this.bringBack(chat, wasCurrent) },
      onGone: () => this.deleteNow(chat),
    })
  }

  bringBack(chat, open) {
    this.gone.delete(chat.id)
    keep(this.gone)
    this.draw()
    if (open) this.hooks.open(chat.id)
  }

  async deleteNow(chat) {
    try {
      await api.deleteChat(chat.id)
    } catch (error) {
      if (error.status !== 404) {
        complain(error)
        return this.bringBack(chat, false)
      }
    }
    state.chats = state.chats.filter((one) => one.id !== chat.id)
    this.gone.delete(chat.id)
    return keep(this.gone)
  }

  // -- showing and hiding

  toggle() {
    const shell = byId('shell')
    if (matchMedia('(max-width: 860px)').matches) {
      shell.classList.add('sidebar-over')
      byId('scrim').hidden = false
      byId('close-sidebar').focus()
    } else {
      shell.classList.toggle('sidebar-away')
    }
  }

  close() {
    const shell = byId('shell')
    if (!shell.classList.contains('sidebar-over')) return false
    shell.classList.remove('sidebar-over')
    byId('scrim').hidden = true
    byId('open-sidebar').focus()
    return true
  }

  focusSearch() {
    byId('shell').classList.remove('sidebar-away')
    if (matchMedia('(max-width: 860px)').matches) this.toggle()
    this.search.focus()
    this.search.select()
  }
}

function titleOf(chat) {
  return chat.title || t('chats.untitled')
}
