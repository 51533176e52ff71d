import { el, setText } from '../dom.js';
import { icon } from '../icons.js';
import { hubLost, labels } from '../texts.js';

/**
 * The top of the page, and below it the bar for a hub that does not answer.
 *
 * @param {object} store
 * @param {{help: () => void, theme: () => void, tryNow: () => void}} intents
 * @returns {HTMLElement[]}
 */
export function createHeader(store, intents) {
  const tool = (name, label, onclick) => el('button.tool', {
    type: 'button', title: label, 'aria-label': label, onclick,
  }, icon(name));
  const text = el('p');
  const bar = el('div.hub-lost', { hidden: true }, text,
    el('button.btn', { type: 'button', onclick: intents.tryNow }, labels.tryNow));
  store.subscribe(({ hub }) => {
    bar.hidden = hub.state !== 'lost';
    if (!bar.hidden) setText(text, hubLost(hub));
  });
  return [
    el('header.top', {},
      el('a.brand', { href: '#/', 'aria-label': labels.home }, icon('logo', 'logo'), el('span', {}, labels.product)),
      el('span.grow'),
      tool('key', labels.keyboard, intents.help),
      tool('theme', labels.theme, intents.theme)),
    bar,
  ];
}
