// Which key means what. Enter that only ends an input method's composition is never a command.

/** Whether this keydown sends: Enter without Shift, and not while characters are being composed. */
export function isSubmit(event) {
  return event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229
}

export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
