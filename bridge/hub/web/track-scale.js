/** The arithmetic of the track: which time is where, how far to zoom, where labels stand. No DOM; runs in Node. */

import { dayStart } from './days.js';

const minute = 60000;
const hour = 3600000;

/** The shortest and the longest time that the track shows. */
export const spanLimits = Object.freeze({ least: 10 * minute, most: 25 * hour });

// Where now stands while the track follows it: a little room shows that time goes on.
const liveShare = 0.87;
const wholeDay = 23 * hour; // from here on the track shows one day, of 23 to 25 hours

/**
 * @param {number} span  ms wanted
 * @param {number} at  this time stays where it is, or becomes visible
 * @param {{from: number, to: number}} view  the window before
 * @param {boolean} live  `at` is now and the track follows it
 * @returns {{from: number, to: number}}
 */
export function zoomed(span, at, view, live) {
  if (span >= wholeDay) return { from: dayStart(at), to: dayStart(at, 1) };
  const length = Math.max(spanLimits.least, span);
  const inside = at >= view.from && at <= view.to;
  const share = live ? liveShare : inside ? (at - view.from) / (view.to - view.from) : 0.5;
  return { from: at - share * length, to: at + (1 - share) * length };
}

/** @returns {{from: number, to: number}} moved by `ms`, inside of what there can be: `first` to the end of today */
export function panned(view, ms, first, now) {
  const last = dayStart(now, 1);
  const by = Math.max(Math.min(ms, last - view.to), Math.min(0, dayStart(first) - view.from));
  return { from: view.from + by, to: view.to + by };
}

/** @returns {{from: number, to: number}} the window that shows `at`, which moves on by itself */
export function following(view, at, live) {
  const span = view.to - view.from;
  if (span >= wholeDay) return at >= view.from && at < view.to ? view : { from: dayStart(at), to: dayStart(at, 1) };
  const latest = view.from + span * (live ? liveShare : 0.95);
  if (at >= view.from && at <= latest) return view;
  const share = live ? liveShare : 0.15;
  return { from: at - span * share, to: at + span * (1 - share) };
}

const tickSteps = [1, 2, 5, 10, 15, 30, 60, 120, 240, 360].map((minutes) => minutes * minute);
const labelPx = 74;

/**
 * @param {{from: number, to: number}} view
 * @param {number} width  px
 * @returns {number[]}  the times that get a line and a label
 */
export function ticksOf({ from, to }, width) {
  const step = tickSteps.find((one) => one / (to - from) * width >= labelPx) ?? tickSteps.at(-1);
  const ticks = [];
  for (let day = dayStart(from); day < to; day = dayStart(day, 1)) {
    const end = Math.min(to, dayStart(day, 1));
    for (let time = day; time < end; time += step) if (time >= from) ticks.push(time);
  }
  return ticks;
}

const keySteps = [1000, 5000, 10000, 30000, minute, 2 * minute, 5 * minute, 10 * minute];

/** @returns {number} ms that an arrow key on the track moves by */
export const keyStep = ({ from, to }) => keySteps.find((step) => step >= (to - from) / 150) ?? keySteps.at(-1);

/** @returns {number} ms between two pictures worth asking the hub for */
export const previewStep = ({ from, to }) => Math.max(1000, (to - from) / 200);
