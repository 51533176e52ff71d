import { el, setText, whenChanged } from '../dom.js';
import { icon, svg } from '../icons.js';
import { labels, sparkTexts, startupText, statsLabels, statsRows, verdictText } from '../texts.js';

const sparkWidth = 156;
const sparkHeight = 28;

function sparkline(values) {
  const known = values.filter((value) => value !== undefined);
  const most = Math.max(...known, 0.001) * 1.15;
  const step = sparkWidth / 59;
  const left = sparkWidth - step * (known.length - 1);
  const points = known.map((value, i) => `${(left + i * step).toFixed(1)} ${(sparkHeight - value / most * (sparkHeight - 2)).toFixed(1)}`);
  const picture = svg('svg', { viewBox: `0 0 ${sparkWidth} ${sparkHeight}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  if (points.length < 2) return picture;
  const path = `M${points.join('L')}`;
  picture.append(svg('path', { class: 'a', d: `${path}L${sparkWidth} ${sparkHeight}L${left.toFixed(1)} ${sparkHeight}z` }),
    svg('path', { class: 'l', d: path }));
  return picture;
}

const row = (name, text) => el('div', {}, el('dt', {}, name), el('dd', {}, text));

function drawStartup(place, startup) {
  const told = startupText(startup);
  if (!told) {
    place.replaceChildren();
    return;
  }
  const whole = told.steps.reduce((sum, [, , ms]) => sum + ms, 0) || 1;
  let at = 0;
  const bar = svg('svg', { class: 'startup', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    ...told.steps.map(([, , ms], i) => {
      const x = at;
      at += ms / whole * 100;
      return svg('rect', { class: `s${i + 1}`, x, y: 0, width: Math.max(0.8, at - x - 0.6), height: 10 });
    }));
  place.replaceChildren(el('h3', {}, told.title), bar, el('dl', {}, ...told.steps.map(([name, text]) => row(name, text))));
}

/**
 * The statistics: a verdict, then what it rests on.
 *
 * @param {object} store
 * @param {{close: () => void, report: (withAddresses: boolean) => Promise<string|null>}} intents  `report` copies; it
 *   resolves to null, or to the text when the browser does not allow that
 * @returns {HTMLElement}
 */
export function createStatsPanel(store, intents) {
  const verdict = el('div.verdict', {}, el('b'), el('span'));
  const sparks = el('div');
  const startup = el('div');
  const rows = el('div');
  const addresses = el('input', { type: 'checkbox' });
  const told = el('p.told', { role: 'status' });
  const text = el('textarea', { readonly: true, hidden: true, rows: 8, 'aria-label': statsLabels.copy });
  const copy = el('button.btn', { type: 'button', onclick: async () => {
    const left = await intents.report(addresses.checked);
    text.hidden = left === null;
    text.value = left ?? '';
    if (left !== null) text.select();
    setText(told, left === null ? statsLabels.copied : statsLabels.notCopied);
  } }, statsLabels.copy);
  const close = el('button.tool', { type: 'button', 'aria-label': labels.close, onclick: intents.close }, icon('close'));
  const heading = el('h2', { tabindex: -1 }, labels.statistics);
  const root = el('aside.stats', { 'aria-label': labels.statistics, hidden: true },
    el('div.h', {}, heading, close), verdict, el('h3', {}, statsLabels.now), sparks, startup, rows, copy,
    el('label.check', {}, addresses, statsLabels.addresses), text, told);
  const drawRows = whenChanged((list) => rows.replaceChildren(...list.flatMap(([title, items]) => [
    el('h3', {}, title), el('dl', {}, ...items.map(([name, value]) => row(name, value)))])));
  const drawSteps = whenChanged((steps) => drawStartup(startup, steps));
  let drawn = null;
  store.subscribe(({ stats, session, devices }) => {
    if (root.hidden !== !stats) {
      root.hidden = !stats;
      setText(told, '');
      text.hidden = true;
      if (stats) heading.focus({ preventScroll: true });
    }
    if (!stats || !session || stats === drawn) return;
    drawn = stats;
    const device = devices?.find(({ id }) => id === session.id);
    const { tone, title, body } = verdictText(stats, session);
    verdict.className = `verdict ${tone}`.trim();
    setText(verdict.firstChild, title);
    setText(verdict.lastChild, body);
    sparks.replaceChildren(...sparkTexts(stats, session).map(({ label, key, value, unit }) => el('div.spark', {},
      el('div', {}, el('span', {}, label), sparkline(stats.samples.map((sample) => sample[key]))),
      el('div.v', {}, el('b', {}, value), el('small', {}, unit)))));
    drawSteps(stats.startup);
    drawRows(statsRows(stats, device, session));
  });
  return root;
}
