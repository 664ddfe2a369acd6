// The side panel: beside the page where there is room, a sheet over it where there is not.

import { byId, fill } from './dom.js'

let opener = null

/** Show `content` under `title`; focus moves to the title and goes back to where it was on closing. */
export function openDrawer(title, ...content) {
  const drawer = byId('drawer')
  if (drawer.hidden) opener = document.activeElement
  else if (!drawer.contains(document.activeElement)) opener = document.activeElement
  byId('drawer-title').textContent = title
  fill(byId('drawer-body'), ...content)
  byId('drawer-body').scrollTop = 0
  drawer.hidden = false
  byId('shell').classList.add('with-drawer')
  byId('drawer-title').focus({ preventScroll: true })
}

export function closeDrawer() {
  const drawer = byId('drawer')
  if (drawer.hidden) return false
  const hadFocus = drawer.contains(document.activeElement)
  drawer.hidden = true
  byId('shell').classList.remove('with-drawer')
  document.querySelectorAll('.cite.open').forEach((chip) => chip.classList.remove('open'))
  if (hadFocus && opener?.isConnected) opener.focus({ preventScroll: true })
  opener = null
  return true
}

export function startDrawer() {
  byId('drawer-close').addEventListener('click', closeDrawer)
}
