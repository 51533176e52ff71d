import { el, setText, whenChanged } from '../dom.js';
import { icon } from '../icons.js';
import { emptyList, labels, listLine, nameOf, onlineCount, refusalCard } from '../texts.js';
import { createCardPlace } from './card.js';

const loadingTiles = 3;

function drawCamera({ id, name, line, current }) {
  return el('li', {},
    el(line.dot === 'off' ? 'a.cam.off' : 'a.cam', { href: `#/${id}`, 'aria-current': current && 'page' },
      el('div.pic', {}, icon(line.dot === 'off' ? 'plug' : 'camera')),
      el('div', {},
        el('p.name', {}, name),
        el('p.st', {}, el(`span.dot.${line.dot}`), el('span', {}, line.text)))));
}

const drawLoading = () => Array.from({ length: loadingTiles }, () => el('li', { 'aria-hidden': 'true' },
  el('div.cam.off', {}, el('div.pic'), el('div', {}, el('p.name', {}, '\u00a0'), el('p.st', {}, '\u00a0')))));

/**
 * The cameras: a page of its own at `#/`, a column or a strip beside a picture.
 *
 * @param {object} store
 * @param {(id: string) => void} onAction  of a refusal's card
 * @returns {HTMLElement}
 */
export function createCameraList(store, onAction) {
  const count = el('span.count');
  const list = el('ul', { id: 'cams' });
  const empty = el('div.empty', {}, el('h3', {}, emptyList.title), el('p', {}, emptyList.body));
  const cardPlace = el('div.card-place');
  const drawCard = whenChanged(createCardPlace(cardPlace, onAction));
  const drawList = whenChanged((cameras) => {
    const focused = list.contains(document.activeElement) && document.activeElement.getAttribute('href');
    list.replaceChildren(...(cameras ? cameras.map(drawCamera) : drawLoading()));
    if (focused) list.querySelector(`[href="${CSS.escape(focused)}"]`)?.focus();
  });
  store.subscribe(({ devices, session, hub, view }) => {
    const refused = hub.state === 'refused';
    const now = Date.now();
    list.hidden = refused;
    empty.hidden = refused || devices?.length !== 0;
    setText(count, devices?.length && !refused ? onlineCount(devices) : '');
    drawCard(refused && view === 'list' ? refusalCard(hub) : null);
    drawList(devices?.map((device) => ({
      id: device.id,
      name: nameOf(device, device.id),
      line: listLine(device, now),
      current: device.id === session?.id,
    })) ?? null);
  });
  return el('nav.cams', { 'aria-label': labels.cameras },
    el('div.cams-head', {}, el('h2', {}, labels.cameras), count), list, empty, cardPlace);
}
