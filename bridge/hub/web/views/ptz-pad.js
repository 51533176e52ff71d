import { el } from '../dom.js';
import { icon } from '../icons.js';
import { moveLabels } from '../texts.js';

const buttons = [['up', 'back', 'pu'], ['left', 'back', 'pl'], ['right', 'next', 'pr'], ['down', 'next', 'pd']];
const zooms = [['in', 'zin'], ['out', 'zout']];
const byKey = {
  ArrowUp: 'up', ArrowLeft: 'left', ArrowRight: 'right', ArrowDown: 'down', '+': 'in', '=': 'in', '-': 'out',
};

/** @returns {boolean}  the camera that is open says that it can be moved, and this link may do it */
export function canMove({ devices, session, mode, mayMove }) {
  return mayMove && mode === 'live' && Boolean(devices?.find(({ id }) => id === session?.id)?.ptz);
}

/**
 * The pad of arrows on the picture: hold to move, release stops. Shown while `moveOpen`.
 *
 * @param {object} store
 * @param {{hold: Function, step: Function, release: Function, close: Function}} intents  `hold` and `step` with a
 *   direction as for `Mover`
 * @returns {HTMLElement}
 */
export function createPtzPad(store, { hold, step, release, close }) {
  const made = {};
  const button = (direction, name, ...classes) => {
    made[direction] = el(['button', ...classes].join('.'), {
      type: 'button', 'aria-label': moveLabels[direction],
      onpointerdown: ({ button: which }) => which === 0 && hold(direction),
      onpointerup: release, onpointercancel: release, onpointerleave: release,
      oncontextmenu: (event) => event.preventDefault(), // a long touch is no right click
      onclick: ({ detail }) => detail === 0 && step(direction), // by a key, or a screen reader
    }, icon(name));
    return made[direction];
  };
  const root = el('div.ptz', {
    role: 'group', tabindex: -1, hidden: true, 'aria-label': moveLabels.pad,
    onclick: (event) => event.stopPropagation(), // it is no tap on the picture
    onkeydown(event) {
      const direction = byKey[event.key];
      if (event.key === 'Escape') close();
      if (direction && !event.repeat) hold(direction);
      if (direction || event.key === 'Escape') event.preventDefault();
      if (direction) event.stopPropagation();
    },
    onkeyup: ({ key }) => byKey[key] && release(),
  }, ...buttons.map((of) => button(...of)), el('span.pz', {}, ...zooms.map((of) => button(...of))));
  addEventListener('blur', release);
  store.subscribe((state) => {
    const open = state.moveOpen && canMove(state);
    if (root.hidden === open) {
      const hadFocus = root.contains(document.activeElement);
      root.hidden = !open;
      if (open) root.focus({ preventScroll: true });
      else if (hadFocus) document.querySelector('[data-of=move]')?.focus();
    }
    for (const [direction, one] of Object.entries(made)) one.classList.toggle('on', state.moving === direction);
  });
  return root;
}
