// What the whole page knows about the server: its status. Tells listeners when it changed; polls while documents are read.

import { api } from './api.js'

const boot = readBoot()
const listeners = new Set()
const RUNNING_POLL = 1000
const IDLE_POLL = 20_000
let timer = null

export const state = { status: boot.status ?? null, mode: boot.mode ?? boot.status?.mode, chats: boot.chats ?? [], signedIn: boot.signed_in === true }

function readBoot() {
  const parsed = JSON.parse(document.getElementById('boot')?.textContent || '{}')
  return typeof parsed === 'string' ? JSON.parse(parsed) : parsed
}

export function ingesting(status = state.status) {
  return Boolean(status?.ingest?.running)
}

/** Call `listener(status, before)` after every refresh; returns the function that ends it. */
export function onStatus(listener) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export async function refreshStatus() {
  clearTimeout(timer)
  const before = state.status
  try {
    state.status = await api.status()
    state.mode = state.status.mode
    for (const listener of [...listeners]) listener(state.status, before)
  } catch { /* the next poll tries again; requests that matter complain themselves */ }
  schedule()
}

function schedule() {
  timer = setTimeout(() => (document.hidden ? schedule() : refreshStatus()), ingesting() ? RUNNING_POLL : IDLE_POLL)
}

export function startStatus() {
  document.addEventListener('visibilitychange', () => document.hidden || refreshStatus())
  if (state.status) schedule()
  else refreshStatus()
}
