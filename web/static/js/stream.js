// Turns a text/event-stream response into events. Follows the HTML standard's parsing rules; reconnects never.

/** Yields `{kind, data}` for every event of `response`, with `data` parsed from JSON. */
export async function* readEvents(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  const parser = new EventParser()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield* parser.push(value)
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

/** Collects lines into events; a piece may end anywhere, even between CR and LF. */
export class EventParser {
  constructor() {
    this.rest = ''
    this.kind = ''
    this.data = []
  }

  *push(text) {
    this.rest += text
    for (;;) {
      const end = this.rest.search(/[\r\n]/)
      const openEnd = end === this.rest.length - 1 && this.rest[end] === '\r'
      if (end < 0 || openEnd) return
      const line = this.rest.slice(0, end)
      this.rest = this.rest.slice(this.rest.startsWith('\r\n', end) ? end + 2 : end + 1)
      const event = this.take(line)
      if (event) yield event
    }
  }

  take(line) {
    if (line === '') return this.dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return null
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.kind = value
    else if (field === 'data') this.data.push(value)
    return null
  }

  dispatch() {
    const event = this.data.length ? { kind: this.kind || 'message', data: JSON.parse(this.data.join('\n')) } : null
    this.kind = ''
    this.data = []
    return event
  }
}
