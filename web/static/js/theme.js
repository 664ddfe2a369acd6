// Light or dark: the system's choice until a person makes one, which is kept in this browser only.

import { byId } from './dom.js'

const dark = matchMedia('(prefers-color-scheme: dark)')

function isDark() {
  const chosen = document.documentElement.dataset.theme
  return chosen ? chosen === 'dark' : dark.matches
}

export function startTheme() {
  const button = byId('theme')
  const show = () => {
    button.querySelector('.icon').className = `icon icon-${isDark() ? 'sun' : 'moon'}`
  }
  button.addEventListener('click', () => {
    const theme = isDark() ? 'light' : 'dark'
    document.documentElement.dataset.theme = theme
    try {
      localStorage.setItem('airlock-theme', theme)
    } catch { /* storage is blocked: the choice holds for this page */ }
    show()
  })
  dark.addEventListener('change', show)
  show()
}

/** The server remembers the language in a cookie when the address names one; the address is cleaned again here. */
export function startLanguage() {
  const address = new URL(location.href)
  if (address.searchParams.has('lang')) {
    address.searchParams.delete('lang')
    history.replaceState(null, '', address)
  }
  byId('language').addEventListener('click', () => {
    const next = new URL(location.href)
    next.searchParams.set('lang', document.documentElement.lang === 'zh-TW' ? 'en' : 'zh-TW')
    const { pathname, search, hash } = next
    history.replaceState(null, '', pathname + search + hash)
    location.reload()
  })
}
