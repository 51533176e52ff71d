import { el } from '../dom.js';

// A screen reader that is given more than this is still reading the last thing.
const spacingMs = 3000;

/**
 * The live regions. Failures are said at once; everything else waits its turn, and only the newest is said.
 *
 * @returns {{root: HTMLElement, say: (text: string, urgent: boolean) => void}}
 */
export function createAnnouncer() {
  const polite = el('p', { role: 'status' });
  const assertive = el('p', { role: 'alert' });
  let last = '';
  let lastAt = -Infinity;
  let timer = 0;
  function speak(text) {
    lastAt = performance.now();
    polite.textContent = text;
  }
  return {
    root: el('div.live-region', {}, polite, assertive),
    say(text, urgent) {
      if (text === last) return;
      last = text;
      clearTimeout(timer);
      assertive.textContent = urgent ? text : '';
      if (urgent) return;
      timer = setTimeout(() => speak(text), Math.max(0, lastAt + spacingMs - performance.now()));
    },
  };
}
