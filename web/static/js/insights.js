// The Insights page: where questions went, how long they took, what they cost, and what was not answered.

import { api } from './api.js'
import { stackChart } from './charts.js'
import { byId, el, fill } from './dom.js'
import { language, number, seconds, t, tn, when } from './i18n.js'
import { LABELS } from './labels.js'
import { legend } from './legend.js'
import { describe } from './toast.js'

const PERIODS = [7, 30, 90]

export class InsightsView {
  constructor() {
    this.root = byId('view-insights')
    this.days = 30
  }

  async open() {
    fill(this.root, this.head(), el('div', { class: 'skeleton' }))
    try {
      this.draw(await api.insights(this.days))
    } catch (error) {
      fill(this.root, this.head(), el('p', { class: 'page-error', role: 'alert', text: describe(error) }))
    }
  }

  head() {
    const period = (days) => {
      const node = el('button', { type: 'button', class: 'filter', 'aria-pressed': String(days === this.days), text: t('insights.days', { count: days }) })
      node.addEventListener('click', () => {
        this.days = days
        this.open()
      })
      return node
    }
    return el('header', { class: 'page-head' }, el('div', {}, el('h2', { text: t('nav.insights') }), el('p', { text: t('insights.lead') })), el('div', { class: 'filters', role: 'group', 'aria-label': t('insights.period') }, PERIODS.map(period)))
  }

  draw(found) {
    if (!found.questions) return fill(this.root, this.head(), el('p', { class: 'page-none', text: t('insights.none') }))
    const zones = ['local', 'cloud'].filter((zone) => found.by_zone[zone]).map((zone) => ({ name: t(`zone.${zone}`), kind: zone, values: found.by_zone[zone] }))
    const labels = LABELS.filter((label) => found.by_label[label]).map((label) => ({ name: t(`label.${label}`), kind: label, values: found.by_label[label] }))
    const cost = [{ name: t('insights.cost'), kind: 'cloud', values: found.cost_by_day }]
    fill(
      this.root,
      this.head(),
      this.sums(found),
      ...this.chart('insights.by_zone', found.days, zones),
      ...this.chart('insights.by_label', found.days, labels),
      ...this.chart('insights.cost', found.days, cost, (value) => number(value, { style: 'currency', currency: 'USD', maximumFractionDigits: 4 })),
      el('h3', { class: 'part-title', text: t('insights.latency') }),
      found.latency.length ? this.latency(found.latency) : el('p', { class: 'hint', text: t('insights.no_latency') }),
      el('h3', { class: 'part-title', text: t('insights.unanswered') }),
      found.unanswered.length ? el('ul', { class: 'unanswered' }, found.unanswered.map((one) => el('li', {}, el('a', { href: `/#${one.chat_id}`, text: one.question }), el('small', { text: when(one.asked_at) })))) : el('p', { class: 'hint', text: t('insights.all_answered') }),
    )
  }

  sums(found) {
    const sum = (name, value) => el('div', { class: 'sum' }, el('strong', { text: value }), el('span', { text: t(`insights.${name}`) }))
    return el('div', { class: 'sums' }, sum('questions', number(found.questions)), sum('fallbacks', number(found.fallbacks)), sum('refused', number(found.refused_at_the_door)), sum('open', number(found.unanswered.length)))
  }

  chart(key, days, series, writeY = number) {
    return [el('h3', { class: 'part-title', text: t(key) }), stackChart({ label: t(key), ticks: days, series, writeX: day, writeY }), legend(series)]
  }

  latency(models) {
    const heads = ['model', 'answers', 'p50', 'p90', 'p99'].map((name) => el('th', { scope: 'col', text: t(`insights.column.${name}`) }))
    const row = (one) => el('tr', {}, el('th', { scope: 'row', text: one.model }), el('td', { text: tn('insights.answers', one.answers) }), ...['p50', 'p90', 'p99'].map((place) => el('td', { text: seconds(one[place]) })))
    return el('table', { class: 'records' }, el('thead', {}, el('tr', {}, heads)), el('tbody', {}, models.map(row)))
  }
}

function day(iso) {
  return new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric', timeZone: 'UTC' }).format(new Date(`${iso}T00:00:00Z`))
}
