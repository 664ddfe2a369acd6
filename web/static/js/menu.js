// A menu that hangs from a button: arrow keys, Home and End, Esc, a click elsewhere. One is open at a time.

import { el, icon } from './dom.js'

let close = null

/**
 * Open a menu under `anchor`. Each item: `{label, note?, icon?, kind?, checked?, disabled?, run}`, or
 * `{heading}`. `checked` (true or false) makes it a choice.
 */
export function openMenu(anchor, items, { label = '', align = 'start' } = {}) {
  const again = close && anchor.getAttribute('aria-expanded') === 'true'
  close?.()
  if (again) return
  const menu = el('div', { class: 'menu', role: 'menu', 'aria-label': label || null }, items.map(renderItem))
  const outside = (event) => {
    if (!menu.contains(event.target) && !anchor.contains(event.target)) close?.()
  }
  close = (focus = false) => {
    close = null
    menu.remove()
    anchor.setAttribute('aria-expanded', 'false')
    document.removeEventListener('pointerdown', outside)
    removeEventListener('resize', shut)
    if (focus) anchor.focus()
  }
  menu.addEventListener('keydown', (event) => steer(event, menu))
  menu.addEventListener('focusout', (event) => {
    if (event.relatedTarget && !menu.contains(event.relatedTarget)) close?.()
  })
  document.addEventListener('pointerdown', outside)
  addEventListener('resize', shut)
  anchor.setAttribute('aria-haspopup', 'menu')
  anchor.setAttribute('aria-expanded', 'true')
  const landmark = anchor.closest('nav, main, header, aside') ?? document.body
  landmark.append(menu)
  place(menu, anchor, align)
  const first = menu.querySelector('[aria-checked="true"]') ?? menu.querySelector('[role^="menuitem"]:not([aria-disabled="true"])')
  first?.focus()
}

function shut() {
  close?.()
}

function renderItem(item) {
  if (item.heading) return el('div', { class: 'menu-heading', text: item.heading, role: 'presentation' })
  const choice = item.checked !== undefined
  const node = el(
    'button',
    {
      type: 'button',
      class: `menu-item ${item.kind ?? ''}`,
      role: choice ? 'menuitemradio' : 'menuitem',
      tabindex: -1,
      'aria-disabled': item.disabled ? 'true' : null,
      'aria-checked': choice ? String(item.checked) : null,
    },
    item.icon && icon(item.icon),
    el('span', { class: 'menu-text' }, el('span', { text: item.label }), item.note && el('small', { text: item.note })),
    item.checked && icon('check'),
  )
  node.addEventListener('click', () => {
    if (item.disabled) return
    close?.(true)
    item.run?.()
  })
  return node
}

function steer(event, menu) {
  const items = [...menu.querySelectorAll('[role^="menuitem"]')]
  const at = items.indexOf(document.activeElement)
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key]
  if (to !== undefined) {
    event.preventDefault()
    items[to % items.length]?.focus()
  } else if (event.key === 'Escape') {
    event.preventDefault()
    event.stopPropagation()
    close?.(true)
  }
}

/** Put `menu` next to `anchor`, inside the window. */
export function place(menu, anchor, align = 'start') {
  const box = anchor.getBoundingClientRect()
  const width = menu.offsetWidth
  const height = menu.offsetHeight
  const left = align === 'end' ? box.right - width : box.left
  const below = box.bottom + 6
  const top = below + height <= innerHeight - 8 ? below : Math.max(8, box.top - height - 6)
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`
  menu.style.top = `${top}px`
}
