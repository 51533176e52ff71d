/**
 * Single keys for the whole page. They are off while somebody types, while a dialog is open, and with a modifier; Shift
 * counts only for the arrows.
 *
 * @param {() => boolean} enabled
 * @param {Object<string, (shift: boolean) => boolean|void>} intents  by the key's name in lower case, `help` for `?`,
 *   `space`, and `digit(number)`; one that returns false lets the browser have the key
 */
export function listenForKeys(enabled, { space, help, digit, ...others }) {
  const byKey = { ...others, ' ': space, '?': help };
  addEventListener('keydown', (event) => {
    if (!enabled() || event.ctrlKey || event.altKey || event.metaKey) return;
    const key = event.key.toLowerCase();
    if (event.repeat && !key.startsWith('arrow') && key !== ',' && key !== '.') return;
    if (event.target.closest('input, textarea, select, dialog[open]')) return;
    // Space presses a focused button or opens a focused summary; that stays so.
    if (key === ' ' && event.target.closest('button, a, summary')) return;
    if (/^[1-9]$/.test(key)) digit(Number(key));
    else if (!byKey[key] || byKey[key](event.shiftKey) === false) return;
    event.preventDefault();
  });
}
