import { el } from '../dom.js';
import { icon } from '../icons.js';
import { labels } from '../texts.js';

/**
 * Draws one card of `explain`.
 *
 * @param {object} card  as in texts.js
 * @param {(id: string) => void} onAction  with the id of the pressed action
 * @returns {HTMLElement} its heading can take the focus
 */
export function drawCard(card, onAction) {
  const { tone, title, body, rows, next, actions, details } = card;
  const head = el('div.head', {},
    el('span.ic', {}, icon(card.icon)),
    el('div', {}, el('h2', { tabindex: -1 }, title), body && el('p', {}, body)));
  const tries = rows && el('ul.tries', {}, ...rows.map(([way, reason]) => el('li', {},
    icon('close'), el('span', {}, way), el('span', {}, reason))));
  const buttons = actions.map(({ id, label, off }, index) => el(index ? 'button.btn' : 'button.btn.main', {
    type: 'button', 'data-action': id, disabled: off, onclick: () => onAction(id),
  }, label));
  return el(tone ? `div.card.${tone}` : 'div.card', {},
    head,
    tries,
    next && el('p.next', {}, next),
    buttons.length > 0 && el('div.acts', {}, ...buttons),
    details && el('details', {}, el('summary', {}, labels.details), el('code', {}, details.join('\n'))));
}

/**
 * Keeps at most one card in a place. A card that appears takes the focus on its heading and gives it back when it
 * goes; one that is drawn again keeps the focus where it was.
 *
 * @param {HTMLElement} place
 * @param {(id: string) => void} onAction
 * @returns {(card: object|null) => void}
 */
export function createCardPlace(place, onAction) {
  let before = null;
  return (card) => {
    const old = place.firstElementChild;
    const inside = old?.contains(document.activeElement) ?? false;
    const action = document.activeElement?.dataset?.action;
    if (!card) {
      place.replaceChildren();
      if (inside) before?.focus();
      return;
    }
    if (!old) before = document.activeElement;
    const drawn = drawCard(card, onAction);
    place.replaceChildren(drawn);
    if (old && !inside) return;
    const again = action && drawn.querySelector(`[data-action="${action}"]:not(:disabled)`);
    (again || drawn.querySelector('h2')).focus({ preventScroll: true });
  };
}
