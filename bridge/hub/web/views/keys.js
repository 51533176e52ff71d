/**
 * Single keys for the whole page. They are off while somebody types, while a dialog is open, and with a modifier.
 *
 * @param {() => boolean} enabled
 * @param {{space: () => void, m: () => void, f: () => void, s: () => void, help: () => void,
 *   digit: (number: number) => void}} intents
 */
export function listenForKeys(enabled, intents) {
  const byKey = { ' ': intents.space, m: intents.m, f: intents.f, s: intents.s, '?': intents.help };
  addEventListener('keydown', (event) => {
    if (!enabled() || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target.closest('input, textarea, select, dialog[open]')) return;
    const key = event.key.toLowerCase();
    // Space presses a focused button or opens a focused summary; that stays so.
    if (key === ' ' && event.target.closest('button, a, summary')) return;
    if (/^[1-9]$/.test(key)) intents.digit(Number(key));
    else if (byKey[key]) byKey[key]();
    else return;
    event.preventDefault();
  });
}
