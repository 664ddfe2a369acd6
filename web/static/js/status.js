// The status button and its panel: what answers here, which guards are in force, what needs a hand.

import { api } from './api.js'
import { button, byId, el, icon } from './dom.js'
import { pick, t, tn } from './i18n.js'
import { place } from './menu.js'
import { commandLine, connectOllama } from './ollama.js'
import { onStatus, state } from './state.js'

let close = null

export function startStatusButton() {
  const anchor = byId('status-button')
  anchor.addEventListener('click', () => (close ? close() : open(anchor)))
  onStatus(() => show(anchor))
  show(anchor)
}

function show(anchor) {
  const { status } = state
  byId('status-text').textContent = status ? t(`mode.${status.mode}`) : ''
  const wrong = status && (status.notices.length > 0 || status.guards.some((guard) => !guard.in_force))
  anchor.classList.toggle('has-notice', Boolean(wrong))
  anchor.setAttribute('aria-label', `${t('status.title')}: ${byId('status-text').textContent}${wrong ? `, ${t('status.attention')}` : ''}`)
  byId('documents-count').textContent = status?.documents ? String(status.documents) : ''
}

function open(anchor) {
  const panel = el('div', { class: 'status-panel', role: 'dialog', 'aria-label': t('status.title'), tabindex: -1 }, content(state.status))
  const outside = (event) => !panel.contains(event.target) && !anchor.contains(event.target) && close?.()
  const keys = (event) => {
    if (event.key !== 'Escape') return
    event.stopPropagation()
    close?.()
    anchor.focus()
  }
  close = () => {
    close = null
    panel.remove()
    anchor.setAttribute('aria-expanded', 'false')
    document.removeEventListener('pointerdown', outside)
  }
  panel.addEventListener('keydown', keys)
  document.addEventListener('pointerdown', outside)
  anchor.setAttribute('aria-expanded', 'true')
  document.body.append(panel)
  place(panel, anchor, 'end')
  panel.focus()
}

function content(status) {
  if (!status) return el('p', { text: t('error.network') })
  return [
    el('h2', { text: t('status.title') }),
    section('status.answers', el('p', {}, el('strong', { text: t(`answers.${status.answers.kind}`) }), ' ', pick(status.answers.why))),
    section('status.mode', el('p', {}, el('strong', { text: t(`mode.${status.mode}`) }), ' ', t(`mode.${status.mode}.means`))),
    notices(status),
    section('status.guards', el('ul', { class: 'guards' }, status.guards.map(guardLine))),
    el('p', { class: 'status-counts', text: counts(status) }),
    state.signedIn && button(t('sign_out'), { kind: 'button small', onClick: () => api.signOut().finally(() => location.assign('/login')) }),
  ]
}

function section(title, ...content) {
  return el('section', {}, el('h3', { text: t(title) }), content)
}

function notices(status) {
  const connect = !status.models.local.length && status.answers.kind === 'quotes'
  if (!status.notices.length && !connect) return null
  const lines = status.notices.map((notice) =>
    el('li', {}, icon('warn'), el('div', {}, el('p', { text: pick(notice.text) }), notice.command && commandLine(notice.command))),
  )
  const offer = connect && button(t('action.connect_ollama'), {
    icon: 'computer', kind: 'button small', onClick: () => {
      close?.()
      connectOllama()
    },
  })
  return section('status.notices', lines.length > 0 && el('ul', { class: 'notices' }, lines), offer)
}

function guardLine(guard) {
  const sign = guard.in_force ? 'check' : 'warn'
  return el(
    'li',
    { class: guard.in_force ? 'guard on' : 'guard off' },
    icon(sign),
    el('span', {}, el('span', { class: 'sr-only', text: t(guard.in_force ? 'guard.on' : 'guard.off') }), ' ', pick(guard.text) || guard.name),
  )
}

function counts(status) {
  const parts = [tn('documents.count', status.documents)]
  if (status.failed) parts.push(tn('documents.failed', status.failed))
  return parts.join(' · ')
}
