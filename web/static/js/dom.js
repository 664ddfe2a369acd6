// Builds nodes. Text only ever becomes a text node; nothing here parses markup.

/**
 * Create an element. `props` keys: `class`, `text`, `on` (listeners by event), `data`, `aria` (without the
 * prefix), and any attribute; `true` sets an empty attribute, `false`, `null` and `undefined` set none.
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(props)) setProp(node, key, value)
  append(node, children)
  return node
}

function setProp(node, key, value) {
  if (value === null || value === undefined || value === false) return
  if (key === 'class') node.className = value
  else if (key === 'text') node.textContent = value
  else if (key === 'on') for (const [name, listener] of Object.entries(value)) node.addEventListener(name, listener)
  else if (key === 'data') Object.assign(node.dataset, value)
  else if (key === 'aria') for (const [name, state] of Object.entries(value)) setAria(node, name, state)
  else node.setAttribute(key, value === true ? '' : String(value))
}

function setAria(node, name, state) {
  if (state !== null && state !== undefined) node.setAttribute(`aria-${name}`, String(state))
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue
    node.append(child instanceof Node ? child : document.createTextNode(String(child)))
  }
}

/** A decorative icon; its file is `icons/NAME.svg`. */
export function icon(name) {
  return el('span', { class: `icon icon-${name}`, aria: { hidden: true } })
}

/** A button with an icon, a label or both. An icon alone takes the label as its accessible name. */
export function button(label, { icon: name, kind = '', onClick, iconOnly = false, ...props } = {}) {
  const content = [name && icon(name), !iconOnly && el('span', { text: label })]
  const named = iconOnly ? { 'aria-label': label, title: label } : {}
  return el('button', { type: 'button', class: kind, on: onClick ? { click: onClick } : {}, ...named, ...props }, content)
}

/** Replace all children of `node`. */
export function fill(node, ...children) {
  node.replaceChildren()
  append(node, children)
  return node
}

export function byId(id) {
  return document.getElementById(id)
}
