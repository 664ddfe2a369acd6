// Draws figures as SVG made node by node; colours come from the style sheets. Knows nothing of what it draws.

import { number } from './i18n.js'

const SVG = 'http://www.w3.org/2000/svg'
const WIDTH = 720
const HEIGHT = 220
const LEFT = 80
const BOTTOM = 26

function node(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value))
  made.append(...children)
  return made
}

function frame(label) {
  return node('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'chart', role: 'img', 'aria-label': label })
}

/** A round figure at or above `value`, to end an axis with. */
function roundUp(value) {
  if (!(value > 0)) return 1
  const size = 10 ** Math.floor(Math.log10(value))
  return [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((step) => step * size >= value) * size
}

function axis(svg, highest, write) {
  for (const share of [0, 0.5, 1]) {
    const y = HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - 12)
    svg.append(node('line', { x1: LEFT, x2: WIDTH, y1: y, y2: y, class: 'chart-grid' }))
    svg.append(node('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end', class: 'chart-text' }, write(highest * share)))
  }
}

/** Lines over a common x axis. `series`: `{name, kind, points: [[x, y]]}`; `marks`: `{x, text, kind}`. */
export function lineChart({ label, series, marks = [], writeX = number, writeY = number }) {
  const every = series.flatMap((one) => one.points)
  const reach = Math.max(...every.map(([x]) => x), 1)
  const highest = roundUp(Math.max(...every.map(([, y]) => y)))
  const x = (value) => LEFT + (value / reach) * (WIDTH - LEFT - 8)
  const y = (value) => HEIGHT - BOTTOM - (value / highest) * (HEIGHT - BOTTOM - 12)
  const svg = frame(label)
  axis(svg, highest, writeY)
  marks.filter((mark) => mark.x <= reach).forEach((mark, place) => {
    svg.append(node('line', { x1: x(mark.x), x2: x(mark.x), y1: 8, y2: HEIGHT - BOTTOM, class: `chart-mark chart-${mark.kind}` }))
    const late = mark.x > reach * 0.7
    svg.append(node('text', { x: x(mark.x) + (late ? -5 : 5), y: 18 + 15 * place, 'text-anchor': late ? 'end' : 'start', class: `chart-text chart-${mark.kind}` }, mark.text))
  })
  for (const one of series) {
    const points = one.points.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
    if (points) svg.append(node('polyline', { points, class: `chart-line chart-${one.kind}` }, node('title', {}, one.name)))
  }
  svg.append(node('text', { x: LEFT, y: HEIGHT - 6, class: 'chart-text' }, writeX(0)))
  svg.append(node('text', { x: WIDTH - 8, y: HEIGHT - 6, 'text-anchor': 'end', class: 'chart-text' }, writeX(reach)))
  return svg
}

/** Columns, one for each of `ticks`, each a stack of `series`: `{name, kind, values}`. */
export function stackChart({ label, ticks, series, writeX = String, writeY = number }) {
  const sums = ticks.map((_, place) => series.reduce((sum, one) => sum + one.values[place], 0))
  const highest = roundUp(Math.max(...sums))
  const step = (WIDTH - LEFT - 8) / ticks.length
  const svg = frame(label)
  axis(svg, highest, writeY)
  ticks.forEach((tick, place) => {
    let base = HEIGHT - BOTTOM
    for (const one of series) {
      const tall = (one.values[place] / highest) * (HEIGHT - BOTTOM - 12)
      if (tall <= 0) continue
      base -= tall
      const title = node('title', {}, `${writeX(tick)} · ${one.name}: ${writeY(one.values[place])}`)
      svg.append(node('rect', { x: LEFT + place * step + step * 0.14, y: base, width: step * 0.72, height: tall, rx: 2, class: `chart-bar chart-${one.kind}` }, title))
    }
  })
  svg.append(node('text', { x: LEFT, y: HEIGHT - 6, class: 'chart-text' }, writeX(ticks[0])))
  svg.append(node('text', { x: WIDTH - 8, y: HEIGHT - 6, 'text-anchor': 'end', class: 'chart-text' }, writeX(ticks[ticks.length - 1])))
  return svg
}
