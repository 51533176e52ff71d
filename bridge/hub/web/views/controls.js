import { el, setText } from '../dom.js';
import { icon } from '../icons.js';
import { labels } from '../texts.js';

function button(onclick) {
  const picture = el('span.pic-of');
  const text = el('span');
  const root = el('button.act', { type: 'button', onclick }, picture, text);
  let shown = '';
  return {
    root,
    set(name, label) {
      if (shown !== name) picture.replaceChildren(icon(name));
      shown = name;
      setText(text, label);
    },
  };
}

/**
 * The bar below the picture: sound, snapshot, full screen.
 *
 * @param {object} store
 * @param {{sound: () => void, snapshot: () => void, full: (() => void)|null}} intents  `full` null where the browser
 *   has no full screen
 * @returns {HTMLElement}
 */
export function createControls(store, intents) {
  const sound = button(intents.sound);
  const snapshot = button(intents.snapshot);
  const full = button(intents.full);
  full.root.hidden = !intents.full;
  snapshot.set('snap', labels.snapshot);
  store.subscribe(({ session, sound: state, full: isFull }) => {
    full.set(isFull ? 'unfull' : 'full', isFull ? labels.leaveFullScreen : labels.fullScreen);
    if (!session) return;
    const none = state.kind === 'none';
    const on = state.on && !state.held && !none;
    sound.set(on ? 'sound' : 'muted', none ? labels.noSound : on ? labels.soundOn : labels.soundOff);
    sound.root.disabled = none;
    snapshot.root.disabled = !['live', 'paused', 'stalled'].includes(session.name);
  });
  return el('div.bar', { role: 'toolbar', 'aria-label': labels.controls },
    el('div.side', {}, sound.root), el('div.side', {}, snapshot.root, full.root));
}
