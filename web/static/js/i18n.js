// The page's words in the chosen language. Parameters are inserted as text and never read as templates.

const strings = JSON.parse(document.getElementById('strings')?.textContent || '{}')

export const language = document.documentElement.lang === 'zh-TW' ? 'zh-TW' : 'en'

/** The sentence for `key`, with `{name}` places filled from `params`; the key itself when there is none. */
export function t(key, params = {}) {
  const sentence = strings[key]
  if (sentence === undefined) return key
  return sentence.replace(/\{(\w+)\}/g, (place, name) => (name in params ? String(params[name]) : place))
}

/** Like `t`, choosing `KEY.one` where the language distinguishes one from many. */
export function tn(key, count, params = {}) {
  const rule = new Intl.PluralRules(language).select(count)
  const chosen = `${key}.${rule}` in strings ? `${key}.${rule}` : key
  return t(chosen, { count: number(count), ...params })
}

/** The text for this page's language out of `{en, 'zh-TW'}`; a plain string is taken as it is. */
export function pick(texts) {
  if (!texts) return ''
  return typeof texts === 'string' ? texts : texts[language] ?? texts.en ?? ''
}

export function number(value, options = {}) {
  return new Intl.NumberFormat(language, options).format(value)
}

export function bytes(value) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte']
  let step = 0
  let size = value
  while (size >= 1000 && step < units.length - 1) {
    size /= 1000
    step += 1
  }
  const digits = step > 0 && size < 10 ? 1 : 0
  return number(size, { style: 'unit', unit: units[step], unitDisplay: step ? 'short' : 'long', maximumFractionDigits: digits })
}

export function seconds(value) {
  if (value < 0.1) return t('milliseconds', { value: number(value * 1000, { maximumFractionDigits: 0 }) })
  return t('seconds', { value: number(value, { maximumFractionDigits: value < 10 ? 1 : 0 }) })
}

export function when(iso) {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return iso ?? ''
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' }).format(date)
}

/** Which group of the conversation list a moment belongs to: today, yesterday, week or older. */
export function dayGroup(iso, now = new Date()) {
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime()
  const age = midnight - new Date(iso).getTime()
  const day = 86_400_000
  if (Number.isNaN(age)) return 'older'
  if (age <= 0) return 'today'
  if (age <= day) return 'yesterday'
  return age <= 6 * day ? 'week' : 'older'
}
