// Answers as nodes, from an allow-list of Markdown. No markup, no image, no link and no address is ever made live.

import { Lexer, Tokenizer } from '../vendor/marked/marked.esm.js'
import { el } from './dom.js'

/** Markdown without raw HTML, reference definitions and automatic links: those stay the text they are. */
class PlainTokenizer extends Tokenizer {
  def() { return undefined }
  reflink() { return undefined }
  html() { return undefined }
  tag() { return undefined }
  url() { return undefined }
  autolink() { return undefined }
}

const CITATION = /\[(\d{1,2})\]/
const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'", '&nbsp;': '\u00a0' }
const DEEPEST = 12

function lex(text) {
  const lexer = new Lexer({ gfm: true, breaks: false, tokenizer: new PlainTokenizer() })
  try {
    return lexer.lex(text)
  } catch {
    return [{ type: 'paragraph', raw: text, tokens: [{ type: 'text', text }] }]
  }
}

/**
 * A rendered answer that can grow. `cite(number)` gives the node of a citation mark, or null where the number
 * stands for nothing and stays text.
 */
export class MarkdownView {
  constructor(root, cite = () => null) {
    this.root = root
    this.cite = cite
    this.blocks = []
  }

  /** Show `text`; blocks that did not change keep their nodes, so that selection and focus survive. */
  update(text, { fresh = false } = {}) {
    const tokens = lex(text).filter((token) => token.type !== 'space')
    let same = 0
    while (!fresh && same < tokens.length && this.blocks[same]?.raw === tokens[same].raw) same += 1
    for (const block of this.blocks.splice(same)) block.node.remove()
    for (const token of tokens.slice(same)) {
      const node = renderBlock(token, this.cite, 0)
      this.root.append(node)
      this.blocks.push({ raw: token.raw, node })
    }
  }
}

function renderBlock(token, cite, depth) {
  if (depth > DEEPEST) return el('p', { text: token.raw })
  switch (token.type) {
    case 'heading':
      return el(`h${Math.min(6, token.depth + 1)}`, {}, inline(token.tokens, cite))
    case 'paragraph':
      return el('p', {}, inline(token.tokens, cite))
    case 'text':
      return el('p', {}, inline(token.tokens ?? [token], cite))
    case 'code':
      return el('pre', { tabindex: 0 }, el('code', { text: token.text }))
    case 'blockquote':
      return el('blockquote', {}, blocks(token.tokens, cite, depth))
    case 'list':
      return renderList(token, cite, depth)
    case 'table':
      return renderTable(token, cite)
    case 'hr':
      return el('hr')
    default:
      return el('p', { text: token.raw })
  }
}

function blocks(tokens, cite, depth) {
  return tokens.filter((token) => token.type !== 'space').map((token) => renderBlock(token, cite, depth + 1))
}

function renderList(token, cite, depth) {
  const items = token.items.map((item) => {
    const parts = item.tokens.filter((part) => part.type !== 'space' && part.type !== 'checkbox')
    const content = parts.map((part) =>
      part.type === 'text' && !item.loose ? inline(part.tokens ?? [part], cite) : renderBlock(part, cite, depth + 1),
    )
    return el('li', {}, item.task ? (item.checked ? '☑ ' : '☐ ') : null, content)
  })
  const start = token.ordered && Number.isInteger(token.start) && token.start !== 1 ? token.start : null
  return el(token.ordered ? 'ol' : 'ul', { start }, items)
}

function renderTable(token, cite) {
  const cell = (tag, part) => el(tag, { class: part.align ? `align-${part.align}` : '' }, inline(part.tokens, cite))
  const head = el('tr', {}, token.header.map((part) => cell('th', part)))
  const rows = token.rows.map((row) => el('tr', {}, row.map((part) => cell('td', part))))
  return el('div', { class: 'table-scroll', tabindex: 0 }, el('table', {}, el('thead', {}, head), el('tbody', {}, rows)))
}

function inline(tokens, cite, depth = 0) {
  if (depth > DEEPEST) return tokens.map((token) => token.raw)
  return tokens.map((token) => renderInline(token, cite, depth))
}

function renderInline(token, cite, depth) {
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return el(token.type, {}, inline(token.tokens, cite, depth + 1))
    case 'codespan':
      return el('code', { text: token.text })
    case 'br':
      return el('br')
    case 'link':
    case 'image':
      return nameAndAddress(token)
    case 'escape':
      return token.text
    case 'text':
      return token.tokens ? inline(token.tokens, cite, depth + 1) : withCitations(decode(token.text), cite)
    default:
      return token.raw
  }
}

/** A link or image as the text it names and the address it would have gone to. */
function nameAndAddress(token) {
  const name = token.text || token.title || ''
  return !name || name === token.href ? token.href : `${name} (${token.href})`
}

function decode(text) {
  return text.replace(/&(?:amp|lt|gt|quot|#39|nbsp);/g, (entity) => ENTITIES[entity])
}

function withCitations(text, cite) {
  const parts = []
  let rest = text
  for (let match = CITATION.exec(rest); match; match = CITATION.exec(rest)) {
    const chip = cite(Number(match[1]))
    parts.push(rest.slice(0, match.index), chip ?? match[0])
    rest = rest.slice(match.index + match[0].length)
  }
  parts.push(rest)
  return parts
}
