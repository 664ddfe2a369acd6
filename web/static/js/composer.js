// The question box: typing, the Local-only switch, the choice of model, send and stop. Asks nothing itself.

import { byId, icon } from './dom.js'
import { pick, t } from './i18n.js'
import { isSubmit } from './keys.js'
import { openMenu } from './menu.js'
import { state } from './state.js'

const TALLEST = 240

export class Composer {
  constructor({ submit, stop }) {
    this.submit = submit
    this.stop = stop
    this.busy = false
    this.choice = { prefer: null, model: null }
    this.box = byId('question')
    this.switch = byId('local-only')
    this.sendButton = byId('send')
    byId('composer').addEventListener('submit', (event) => {
      event.preventDefault()
      this.go()
    })
    byId('composer').addEventListener('pointerdown', (event) => {
      if (event.target.closest('button, textarea')) return
      event.preventDefault()
      this.box.focus()
    })
    this.box.addEventListener('keydown', (event) => {
      if (!isSubmit(event)) return
      event.preventDefault()
      if (!this.busy) this.go()
    })
    this.box.addEventListener('input', () => this.fit())
    this.switch.addEventListener('click', () => this.setLocalOnly(!this.localOnly))
    byId('model').addEventListener('click', () => this.openModels())
    this.setLocalOnly(false)
    this.setBusy(false)
    this.showModel()
  }

  get localOnly() {
    return this.switch.getAttribute('aria-checked') === 'true'
  }

  options() {
    return { localOnly: this.localOnly, ...(this.localOnly && this.choice.prefer === 'cloud' ? { prefer: null, model: null } : this.choice) }
  }

  go() {
    if (this.busy) return this.stop()
    const text = this.box.value.trim()
    if (!text) return this.box.focus()
    this.setText('')
    return this.submit(text)
  }

  setText(text) {
    this.box.value = text
    this.fit()
  }

  /** Put a question back that could not be asked, unless something else is being typed. */
  restore(text) {
    if (this.box.value.trim()) return
    this.setText(text)
    this.box.focus()
  }

  fit() {
    this.box.style.height = 'auto'
    this.box.style.height = `${Math.min(this.box.scrollHeight, TALLEST)}px`
    this.sendButton.classList.toggle('ready', this.busy || this.box.value.trim() !== '')
  }

  setBusy(busy) {
    this.busy = busy
    this.sendButton.replaceChildren(icon(busy ? 'stop' : 'send'))
    this.sendButton.setAttribute('aria-label', t(busy ? 'composer.stop' : 'composer.send'))
    this.sendButton.title = t(busy ? 'composer.stop' : 'composer.send')
    this.sendButton.classList.toggle('stopping', busy)
    this.fit()
  }

  setLocalOnly(on) {
    this.switch.setAttribute('aria-checked', String(on))
    byId('composer').classList.toggle('is-local', on)
    byId('composer-note').textContent = t(on ? 'composer.note_local' : 'composer.note')
    this.showModel()
  }

  /** Name the chosen model, or say that it is chosen by sensitivity. A choice that is gone is dropped. */
  showModel() {
    const models = state.status?.models
    const gone = this.choice.prefer === 'cloud' ? !models?.cloud?.ready : this.choice.model && !models?.local?.some((one) => one.name === this.choice.model)
    if (gone) this.choice = { prefer: null, model: null }
    const { prefer, model } = this.options()
    byId('model-name').textContent = prefer === 'cloud' ? models.cloud.model : model ?? t(prefer === 'local' ? 'zone.local' : 'model.auto')
    byId('model-icon').className = `icon icon-${prefer === 'cloud' ? 'cloud' : prefer === 'local' ? 'computer' : 'shield'}`
    byId('model').setAttribute('aria-label', `${t('model.label')}: ${byId('model-name').textContent}`)
  }

  choose(prefer, model) {
    this.choice = { prefer, model }
    this.showModel()
  }

  openModels() {
    openMenu(byId('model'), this.modelItems(), { label: t('model.label') })
  }

  modelItems() {
    const { local = [], cloud = null } = state.status?.models ?? {}
    const { prefer, model } = this.options()
    const items = [
      { label: t('model.auto'), note: t('model.auto_note'), icon: 'shield', checked: !prefer, run: () => this.choose(null, null) },
      { heading: t('zone.local') },
      ...local.map((one) => ({
        label: one.name, note: [one.provider, one.note].filter(Boolean).join(' · '), icon: 'computer',
        checked: prefer === 'local' && model === one.name, disabled: one.fits === false, run: () => this.choose('local', one.name),
      })),
    ]
    if (!local.length) {
      items.push({ label: t('extracts'), note: t('model.no_local'), icon: 'quote', checked: prefer === 'local', run: () => this.choose('local', null) })
    }
    if (cloud) items.push({ heading: t('zone.cloud') }, this.cloudItem(cloud, prefer))
    return items
  }

  cloudItem(cloud, prefer) {
    const why = this.localOnly ? t('model.cloud_off') : cloud.ready ? cloud.provider : pick(cloud.why)
    return {
      label: cloud.model, note: why, icon: 'cloud', checked: prefer === 'cloud', disabled: this.localOnly || !cloud.ready,
      run: () => this.choose('cloud', null),
    }
  }
}
