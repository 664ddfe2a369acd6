// Speaks to the server: one place for the CSRF header, JSON and problem+json. Shows nothing.

const csrf = document.querySelector('meta[name="csrf"]')?.content ?? ''

/** A request the server refused, or that never reached it (`status` 0). */
export class ApiError extends Error {
  constructor(status, title, detail) {
    super(detail || title)
    this.status = status
    this.title = title
    this.detail = detail
  }
}

/** Send a request; resolves to the response, or throws ApiError. An aborted request throws its AbortError. */
export async function send(method, path, { body, form, signal, keepalive } = {}) {
  const headers = { Accept: 'application/json, text/event-stream', 'X-Airlock-CSRF': csrf }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  let response
  try {
    response = await fetch(path, {
      method,
      headers,
      signal,
      keepalive,
      credentials: 'same-origin',
      body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
    })
  } catch (error) {
    if (error.name === 'AbortError') throw error
    throw new ApiError(0, 'network', '')
  }
  if (response.status === 401) location.assign('/login')
  if (!response.ok) throw await readProblem(response)
  return response
}

async function readProblem(response) {
  let problem = {}
  try {
    problem = await response.json()
  } catch { /* not JSON: the status line has to do */ }
  return new ApiError(response.status, problem.title || response.statusText, problem.detail || '')
}

async function json(method, path, options) {
  const response = await send(method, path, options)
  return response.status === 204 ? null : response.json()
}

export const api = {
  signOut: () => send('POST', '/logout'),
  status: () => json('GET', '/api/status'),
  chats: () => json('GET', '/api/chats'),
  chat: (id) => json('GET', `/api/chats/${encodeURIComponent(id)}`),
  renameChat: (id, title) => json('PATCH', `/api/chats/${encodeURIComponent(id)}`, { body: { title } }),
  deleteChat: (id) => send('DELETE', `/api/chats/${encodeURIComponent(id)}`, { keepalive: true }),
  exportPath: (id, format) => `/api/chats/${encodeURIComponent(id)}/export?format=${format}`,
  ask: (body, signal) => send('POST', '/api/ask', { body, signal }),
  continue: (question, choice, signal) => send('POST', `/api/questions/${question}/continue`, { body: { choice }, signal }),
  stop: (question) => send('POST', `/api/questions/${question}/stop`, { keepalive: true }),
  chunk: (id) => json('GET', `/api/chunks/${id}`),
  documents: () => json('GET', '/api/documents'),
  labelDocument: (id, label, reason) => send('POST', `/api/documents/${id}/label`, { body: { label, reason } }),
  sources: () => json('GET', '/api/sources'),
  addSource: (path, label) => send('POST', '/api/sources', { body: { path, label } }),
  labelSource: (id, label) => send('POST', `/api/sources/${id}/label`, { body: { label } }),
  keepLocal: (id, on) => send('POST', `/api/sources/${id}/local-only`, { body: { on } }),
  removeSource: (id) => send('DELETE', `/api/sources/${id}`),
  readSource: (id) => send('POST', `/api/sources/${id}/ingest`),
  upload: (form) => send('POST', '/api/upload', { form }),
  receipts: (limit = 200) => json('GET', `/api/receipts?limit=${limit}`),
  forbiddenReceipts: (limit = 200) => json('GET', `/api/receipts?forbidden_now=true&limit=${limit}`),
  insights: (days) => json('GET', `/api/insights?days=${days}`),
  advice: (plan) => json('GET', `/api/advice?${new URLSearchParams(plan)}`),
  receipt: (id) => json('GET', `/api/receipts/${id}`),
}
