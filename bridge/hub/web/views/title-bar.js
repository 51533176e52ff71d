import { el, setText } from '../dom.js';
import { icon } from '../icons.js';
import { labels, nameOf, subtitle, watching } from '../texts.js';

/**
 * The camera's name, since when it is as it is, and how many people watch.
 *
 * @param {object} store
 * @returns {HTMLElement}
 */
export function createTitleBar(store) {
  const name = el('h1');
  const line = el('p');
  const count = el('span');
  const people = el('p.watching', {}, icon('people'), count);
  store.subscribe(({ session, devices }) => {
    if (!session) return;
    const device = devices?.find(({ id }) => id === session.id);
    setText(name, nameOf(device, session.id));
    setText(line, subtitle(device, session, Date.now()));
    setText(count, watching(device));
    people.hidden = !watching(device);
  });
  return el('div.title', {},
    el('a.tool.back', { href: '#/', 'aria-label': labels.allCameras }, icon('back')),
    el('div.title-text', {}, name, line),
    el('span.grow'),
    people);
}
