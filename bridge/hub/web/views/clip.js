import { hourSecond } from '../days.js';
import { el, setText } from '../dom.js';
import { icon } from '../icons.js';
import { bytesBetween } from '../stretches.js';
import { clipText, timelineLabels } from '../texts.js';

const leastMs = 1000;
const stepMs = 1000;

/**
 * Choosing a clip on the track: two handles, and a bar that saves. `clip` of the store is `{start, end, least, most,
 * segments}` in ms while it is open; `least` and `most` are what is recorded in one piece around it.
 *
 * @param {object} store
 * @param {{change: (clip: {start: number, end: number}) => void, save: () => void, cancel: () => void}} intents
 * @returns {{handles: {nodes: HTMLElement[], draw: Function}, bar: HTMLElement}}
 */
export function createClip(store, intents) {
  let scale = { view: { from: 0, to: 1 }, width: 1 };
  const move = (edge, time) => {
    const { start, end, least, most } = store.get().clip;
    intents.change(edge === 'start'
      ? { start: Math.max(least, Math.min(time, end - leastMs)), end }
      : { start, end: Math.min(most, Math.max(time, start + leastMs)) });
  };
  const nodes = ['start', 'end'].map((edge) => createHandle(edge, () => scale, (time) => move(edge, time), store));
  const range = el('div.clip-range', { 'aria-hidden': 'true' });
  const save = el('button.btn.main', { type: 'button', onclick: intents.save }, icon('save'), el('span'));
  const bar = el('div.clip-bar', { hidden: true }, save,
    el('button.btn', { type: 'button', onclick: intents.cancel }, timelineLabels.cancel));
  store.subscribe(({ clip }) => {
    bar.hidden = !clip;
    if (!clip) return;
    const { text, ok } = clipText(clip.end - clip.start, bytesBetween(clip.segments, clip.start, clip.end));
    setText(save.lastChild, text);
    save.disabled = !ok;
  });
  function draw(view, width) {
    const { clip } = store.get();
    scale = { view, width };
    const x = (time) => Math.min(width, Math.max(0, (time - view.from) / (view.to - view.from) * width));
    for (const node of [...nodes, range]) node.hidden = !clip;
    if (!clip) return;
    nodes.forEach((node, i) => placeHandle(node, [clip.start, clip.end][i], clip, x));
    range.style.left = `${x(clip.start)}px`;
    range.style.width = `${Math.max(0, x(clip.end) - x(clip.start))}px`;
  }
  return { handles: { nodes: [range, ...nodes], draw }, bar };
}

function placeHandle(node, time, { least, most }, x) {
  node.style.left = `${x(time)}px`;
  node.setAttribute('aria-valuemin', Math.round(least / 1000));
  node.setAttribute('aria-valuemax', Math.round(most / 1000));
  node.setAttribute('aria-valuenow', Math.round(time / 1000));
  node.setAttribute('aria-valuetext', hourSecond(time));
}

function createHandle(edge, scale, onTime, store) {
  const label = edge === 'start' ? timelineLabels.clipStart : timelineLabels.clipEnd;
  const node = el(`div.handle.${edge}`, { role: 'slider', tabindex: 0, hidden: true, 'aria-label': label });
  node.addEventListener('pointerdown', (event) => {
    node.setPointerCapture(event.pointerId);
    event.stopPropagation();
  });
  node.addEventListener('pointermove', (event) => {
    if (!node.hasPointerCapture(event.pointerId)) return;
    const { view, width } = scale();
    const x = event.clientX - node.parentElement.getBoundingClientRect().left;
    onTime(view.from + x / width * (view.to - view.from));
  });
  node.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!step) return;
    onTime(store.get().clip[edge] + step * stepMs);
    event.preventDefault();
    event.stopPropagation();
  });
  return node;
}
