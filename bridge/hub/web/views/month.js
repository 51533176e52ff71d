import { dayStart, dayName, monthName, monthStart } from '../days.js';
import { el } from '../dom.js';
import { icon } from '../icons.js';
import { labels, timelineLabels } from '../texts.js';

/**
 * The month behind the day button: days with a recording are filled, days known to have none cannot be chosen.
 *
 * @param {object} store
 * @param {{choose: (day: number) => void, look: (view: {from: number, to: number}) => void}} intents
 * @returns {{root: HTMLDialogElement, open: (time: number) => void}}
 */
export function createMonth(store, intents) {
  let month = monthStart(Date.now());
  const title = el('h2');
  const step = (name, label, by) => el('button.tool', { type: 'button', 'aria-label': label, onclick: () => turn(by) }, icon(name));
  const later = step('next', timelineLabels.monthAfter, 1);
  const grid = el('div.month-days');
  const root = el('dialog.month', { 'aria-label': timelineLabels.chooseDay },
    el('div.h', {}, step('back', timelineLabels.monthBefore, -1), title, later, el('span.grow'),
      el('button.tool', { type: 'button', 'aria-label': labels.close, onclick: () => root.close() }, icon('close'))),
    el('div.month-days.names', { 'aria-hidden': 'true' }, ...timelineLabels.weekdays.map((name) => el('span', {}, name))),
    grid);
  function turn(by) {
    month = monthStart(month, by);
    intents.look({ from: month, to: monthStart(month, 1) });
    draw();
  }
  function draw() {
    if (!root.open) return;
    const { recordings } = store.get();
    const focused = grid.contains(document.activeElement) && document.activeElement.value;
    title.textContent = monthName(month);
    later.disabled = monthStart(month, 1) > Date.now();
    const blanks = (new Date(month).getDay() + 6) % 7; // weeks begin on Monday
    const days = [];
    for (let day = month; day < monthStart(month, 1); day = dayStart(day, 1)) days.push(drawDay(day, recordings?.days.get(day)));
    grid.replaceChildren(...Array.from({ length: blanks }, () => el('span')), ...days);
    if (focused) grid.querySelector(`[value="${focused}"]`)?.focus();
  }
  function drawDay(day, known) {
    const filled = known?.segments.length > 0;
    const none = day > Date.now() || (known?.status === 200 && !filled);
    const today = day === dayStart(Date.now());
    return el(filled ? 'button.day-of.filled' : 'button.day-of', {
      type: 'button', value: day, disabled: none, 'aria-current': today && 'date',
      'aria-label': `${dayName(day)}, ${filled ? timelineLabels.recorded : timelineLabels.nothingRecorded}`,
      onclick: () => {
        root.close();
        intents.choose(day);
      },
    }, String(new Date(day).getDate()));
  }
  store.subscribe(draw);
  return {
    root,
    open(time) {
      month = monthStart(time);
      root.showModal();
      turn(0);
    },
  };
}
