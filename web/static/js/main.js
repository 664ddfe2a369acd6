// Starts the page: which view the address names, what the keys do, and who tells whom.

import { AdvisorView } from './advisor.js'
import { ChatView } from './chat.js'
import { DocumentsView } from './documents.js'
import { byId } from './dom.js'
import { closeDrawer, startDrawer } from './drawer.js'
import { t } from './i18n.js'
import { InsightsView } from './insights.js'
import { isTyping } from './keys.js'
import { ReceiptsView } from './receipts.js'
import { Sidebar } from './sidebar.js'
import { startStatusButton } from './status.js'
import { startStatus, state } from './state.js'
import { startLanguage, startTheme } from './theme.js'

let chat = null
let sidebar = null
/** The views beside the conversation, by their name, which is also their address. */
let views = {}

function viewOf(path) {
  return path.slice(1) in views ? path.slice(1) : 'chat'
}

/** Show what the address names. */
function follow() {
  const view = viewOf(location.pathname)
  for (const name of ['chat', ...Object.keys(views)]) byId(`view-${name}`).hidden = name !== view
  for (const link of document.querySelectorAll('.places [data-view]')) {
    if (link.dataset.view === view) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  if (view === 'chat') return followChat()
  closeDrawer()
  sidebar.select(null)
  byId('export').hidden = true
  byId('chat-label').replaceChildren()
  byId('view-title').textContent = t(`nav.${view}`)
  document.title = `${t(`nav.${view}`)} · Airlock`
  return views[view].open()
}

function followChat() {
  const id = decodeURIComponent(location.hash.slice(1))
  sidebar.select(id || null)
  if (!id && chat.thread.chat) chat.startNew()
  else if (id) chat.open(id)
  chat.titled()
}

/** Change the address without loading a page; `replace` leaves no step in the history. */
function navigate(path, { replace = false } = {}) {
  const here = location.pathname + location.hash
  if (path === here) return
  if (path.startsWith('/#') && viewOf(location.pathname) !== 'chat') return
  history[replace ? 'replaceState' : 'pushState'](null, '', path)
  if (path.startsWith('/#')) sidebar.select(decodeURIComponent(path.slice(2)))
  else follow()
}

function go(path) {
  sidebar.close()
  if (path !== location.pathname + location.hash) history.pushState(null, '', path)
  follow()
}

function onClick(event) {
  const link = event.target.closest?.('a[data-view]')
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  go(link.getAttribute('href'))
}

function onKey(event) {
  if (event.isComposing || document.querySelector('dialog[open]')) return
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault()
    sidebar.focusSearch()
  } else if (event.key === 'Escape') {
    escape()
  } else if (event.key === '/' && !isTyping(event.target) && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault()
    if (viewOf(location.pathname) !== 'chat') go('/')
    byId('question').focus()
  }
}

/** Esc closes the nearest thing, and stops the answer when there is nothing to close. */
function escape() {
  if (closeDrawer() || sidebar.close()) return
  chat.thread.stop()
}

function start() {
  startTheme()
  startLanguage()
  startDrawer()
  views = { documents: new DocumentsView(), receipts: new ReceiptsView(), insights: new InsightsView(), advisor: new AdvisorView() }
  sidebar = new Sidebar({
    open: (id) => go(`/#${id}`),
    startNew: () => {
      go('/')
      byId('question').focus()
    },
    removed: (id) => chat.forget(id),
    renamed: (id, title) => chat.renamed(id, title),
  })
  chat = new ChatView({ navigate, listed: (known) => sidebar.touched(known) })
  startStatusButton()
  startStatus()
  addEventListener('popstate', follow)
  document.addEventListener('click', onClick)
  document.addEventListener('keydown', onKey)
  if (!state.chats.length) sidebar.refresh()
  follow()
  if (viewOf(location.pathname) === 'chat' && matchMedia('(pointer: fine)').matches) byId('question').focus()
  document.documentElement.dataset.ready = 'true'
}

start()
