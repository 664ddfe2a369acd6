// The Advisor page: local or cloud, why, what it costs, and what would change it. Figures can be typed in.

import { api } from './api.js'
import { lineChart } from './charts.js'
import { byId, button, el, fill } from './dom.js'
import { number, pick, t } from './i18n.js'
import { legend } from './legend.js'
import { LABELS } from './labels.js'
import { describe } from './toast.js'

const FIGURES = ['questions', 'tokens_in', 'tokens_out', 'price_in', 'price_out', 'local_seconds', 'cloud_seconds']
const MUSTS = ['nothing_may_leave', 'offline', 'no_computer']

export class AdvisorView {
  constructor() {
    this.root = byId('view-advisor')
    this.plan = {}
  }

  async open() {
    fill(this.root, this.head(), el('div', { class: 'skeleton' }))
    await this.load()
  }

  async load() {
    try {
      this.draw(await api.advice(this.plan))
    } catch (error) {
      fill(this.root, this.head(), el('p', { class: 'page-error', role: 'alert', text: describe(error) }), button(t('advisor.reset'), { kind: 'button', onClick: () => this.reset() }))
    }
  }

  reset() {
    this.plan = {}
    return this.load()
  }

  head() {
    const print = button(t('advisor.print'), { kind: 'button', onClick: () => window.print() })
    return el('header', { class: 'page-head' }, el('div', {}, el('h2', { text: t('nav.advisor') }), el('p', { text: t('advisor.lead') })), el('div', { class: 'page-tools' }, print))
  }

  draw(advice) {
    fill(
      this.root,
      this.head(),
      el('section', { class: 'advice-answer' }, el('h3', { text: pick(advice.option.name) }), el('p', { text: pick(advice.decided_by.text) }), el('code', { text: `mode = "${advice.option.mode}"` })),
      this.form(advice.inputs),
      el('h3', { class: 'part-title', text: t('advisor.why') }),
      this.criteria(advice.criteria),
      el('h3', { class: 'part-title', text: t('advisor.costs') }),
      this.costs(advice.costs),
      el('h3', { class: 'part-title', text: advice.break_even === null ? t('advisor.no_even') : t('advisor.even', { count: number(advice.break_even, { maximumFractionDigits: 0 }) }) }),
      ...this.curves(advice),
      el('h3', { class: 'part-title', text: t('advisor.turns') }),
      advice.turns.length ? el('ul', { class: 'advice-turns' }, advice.turns.map((turn) => el('li', { text: `${pick(turn.name)} × ${number(turn.factor)} → ${pick(turn.option.name)}` }))) : el('p', { text: t('advisor.no_turns') }),
    )
  }

  form(inputs) {
    const box = (name) => {
      const input = el('input', { type: 'number', id: `plan-${name}`, name, min: '0', step: 'any', value: inputs[name].value === null ? '' : String(round(inputs[name].value)), placeholder: t('advisor.unknown') })
      const from = name in this.plan ? 'typed' : inputs[name].measured ? 'measured' : 'assumed'
      return el('label', { class: 'plan-figure', for: `plan-${name}` }, el('span', { text: pick(inputs[name].name) }), input, el('small', { text: t(`advisor.${from}`) }))
    }
    const share = (label) => {
      const input = el('input', { type: 'number', id: `share-${label}`, name: `share-${label}`, min: '0', step: 'any', value: String(round(inputs.shares.value[label] * 100)) })
      return el('label', { class: 'plan-figure', for: `share-${label}` }, el('span', { text: `${t(`label.${label}`)} %` }), input)
    }
    const must = (name) => {
      const on = name === 'no_computer' ? this.plan.own_computer === false : this.plan[name] === true
      return el('label', { class: 'plan-must' }, el('input', { type: 'checkbox', name, checked: on }), t(`advisor.${name}`))
    }
    const form = el(
      'form',
      { class: 'plan' },
      el('div', { class: 'plan-figures' }, FIGURES.map(box)),
      el('div', { class: 'plan-figures', role: 'group', 'aria-label': pick(inputs.shares.name) }, LABELS.map(share)),
      el('div', { class: 'plan-musts' }, MUSTS.map(must)),
      el('div', { class: 'plan-actions' }, el('button', { type: 'submit', class: 'button primary', text: t('advisor.work_out') }), Object.keys(this.plan).length > 0 && button(t('advisor.reset'), { kind: 'button', onClick: () => this.reset() })),
    )
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.read(form, inputs)
      this.load()
    })
    return el('details', { class: 'plan-box', open: Object.keys(this.plan).length > 0 }, el('summary', { text: t('advisor.figures') }), form)
  }

  /** Keep what was changed; what was left alone goes on being measured. */
  read(form, inputs) {
    for (const name of FIGURES) {
      const typed = form.elements[name].value.trim()
      if (typed && Number(typed) !== round(inputs[name].value)) this.plan[name] = Number(typed)
    }
    const shares = LABELS.map((label) => Number(form.elements[`share-${label}`].value) || 0)
    const before = LABELS.map((label) => round(inputs.shares.value[label] * 100))
    if (shares.some((value, place) => value !== before[place])) this.plan.shares = shares.join(',')
    for (const name of ['nothing_may_leave', 'offline']) {
      if (form.elements[name].checked) this.plan[name] = true
      else delete this.plan[name]
    }
    if (form.elements.no_computer.checked) this.plan.own_computer = false
    else delete this.plan.own_computer
  }

  criteria(criteria) {
    const row = (one) =>
      el(
        'tr',
        {},
        el('th', { scope: 'row', text: pick(one.title) }),
        el('td', { class: 'advice-favours', text: one.favours ? pick(one.favours.name) : '–' }),
        el('td', {}, pick(one.text), ' ', one.rule_of_thumb && el('span', { class: 'sample-sign', text: t('advisor.thumb') })),
      )
    return el('table', { class: 'records advice-table' }, el('tbody', {}, criteria.map(row)))
  }

  costs(costs) {
    const heads = ['option', 'fixed', 'variable', 'total', 'answered'].map((name) => el('th', { scope: 'col', text: t(`advisor.column.${name}`) }))
    const row = (cost) =>
      el('tr', {}, el('th', { scope: 'row', text: pick(cost.option.name) }), ...[cost.fixed, cost.variable, cost.total].map((value) => el('td', { text: money(value) })), el('td', { text: number(cost.answered_by_model, { style: 'percent' }) }))
    return el('table', { class: 'records advice-table' }, el('thead', {}, el('tr', {}, heads)), el('tbody', {}, costs.map(row)))
  }

  curves(advice) {
    const known = advice.curves.filter((point) => point.cloud !== null)
    const series = [
      { name: t('advisor.here'), kind: 'local', points: advice.curves.map((point) => [point.questions, point.local]) },
      { name: t('advisor.there'), kind: 'cloud', points: known.map((point) => [point.questions, point.cloud]) },
    ]
    const marks = [{ x: advice.inputs.questions.value, text: t('advisor.today'), kind: 'today' }]
    if (advice.break_even !== null) marks.push({ x: advice.break_even, text: t('advisor.even_mark'), kind: 'even' })
    return [lineChart({ label: t('advisor.chart'), series, marks, writeX: (value) => number(value, { maximumFractionDigits: 0 }), writeY: money }), legend(series), el('p', { class: 'hint', text: t('advisor.chart_note') })]
  }
}

function money(value) {
  return value === null ? t('advisor.unknown') : number(value, { style: 'currency', currency: 'USD', maximumFractionDigits: value !== 0 && value < 10 ? 2 : 0 })
}

function round(value) {
  return value === null ? null : Number(value.toPrecision(6))
}
