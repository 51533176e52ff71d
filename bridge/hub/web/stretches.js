/** What a list of recorded segments means for a track: solid stretches, gaps with reasons, bars. No DOM; runs in Node. */

import { dayStart } from './days.js';

// Between two segments lies the length of one picture at least; a pause up to this long is none for people.
const joinMs = 2000;

/**
 * @param {{start: number, end: number, bytes: number}[]} segments  in order of their start
 * @returns {{start: number, end: number}[]}  what can be played in one go
 */
export function stretchesOf(segments) {
  const stretches = [];
  for (const { start, end } of segments) {
    const last = stretches.at(-1);
    if (last && start - last.end <= joinMs) last.end = Math.max(last.end, end);
    else stretches.push({ start, end });
  }
  return stretches.filter(({ start, end }) => end > start);
}

/**
 * The gaps between stretches, each with the hub's reason where it gave one for most of that time.
 *
 * @param {{start: number, end: number}[]} stretches
 * @param {{start: number, end: number, reason: string}[]} reasons  as the hub lists them; may be empty
 * @param {number} from  gaps before the first stretch count from here on
 * @param {number} to  and after the last one up to here
 * @returns {{start: number, end: number, reason: string}[]}  `reason` is `` where it is not known
 */
export function gapsOf(stretches, reasons, from, to) {
  const gaps = [];
  let at = from;
  for (const { start, end } of [...stretches, { start: to, end: to }]) {
    if (start - at > joinMs) gaps.push(...divide({ start: at, end: Math.min(start, to) }, reasons));
    at = Math.max(at, end);
  }
  return gaps;
}

// One gap may have had several causes one after another.
function divide(gap, reasons) {
  const parts = [];
  let at = gap.start;
  for (const { start, end, reason } of reasons) {
    if (end <= at || start >= gap.end) continue;
    if (start - at > joinMs) parts.push({ start: at, end: start, reason: '' });
    const from = start - at > joinMs ? start : at;
    at = Math.min(end, gap.end);
    if (parts.at(-1)?.reason === reason) parts.at(-1).end = at;
    else if (at > from) parts.push({ start: from, end: at, reason });
  }
  const last = parts.at(-1);
  if (last && gap.end - at <= joinMs) last.end = gap.end;
  else if (gap.end > at) parts.push({ start: at, end: gap.end, reason: '' });
  return parts;
}

/**
 * @param {number} time
 * @param {{start: number, end: number}[]} list  stretches or gaps, in order
 * @returns {object|null}  the one that holds `time`
 */
export const holding = (time, list) => list.find(({ start, end }) => time >= start && time < end) ?? null;

// Under this spread of bytes a second, a tenth at either end left out, the camera sends at a constant rate, and height
// would say nothing.
const constantSpread = 0.15;
const fewest = 3;

/**
 * Heights of the bars: bytes a second of each segment against the median of all, on a log scale.
 *
 * @param {{start: number, end: number, bytes: number}[]} segments
 * @returns {{start: number, end: number, height: number}[]|null}  `height` from 0 to 1; null where the rate is constant
 */
export function barsOf(segments) {
  const rates = segments.filter(({ start, end }) => end - start >= 1000)
    .map(({ start, end, bytes }) => ({ start, end, rate: bytes / (end - start) }));
  const sorted = rates.map(({ rate }) => rate).sort((a, b) => a - b);
  const part = (share) => sorted[Math.floor(share * (sorted.length - 1))];
  const middle = part(0.5);
  if (sorted.length < fewest || !(middle > 0) || (part(0.9) - part(0.1)) / middle < constantSpread) return null;
  // A quarter of the median is the lowest bar, four times the median fills the track.
  const height = (rate) => Math.min(1, Math.max(0.06, 0.5 + Math.log2(Math.max(rate / middle, 1e-6)) / 4));
  return rates.map(({ start, end, rate }) => ({ start, end, height: height(rate) }));
}

/**
 * Joins bars so that each is at least `stepMs` wide: the highest of them stands for all, because a short event is what
 * people look for.
 *
 * @param {{start: number, end: number, height: number}[]} bars
 * @param {number} stepMs
 * @returns {{start: number, end: number, height: number}[]}
 */
export function joinBars(bars, stepMs) {
  const joined = [];
  for (const bar of bars) {
    const last = joined.at(-1);
    const sameStep = last && Math.floor(last.start / stepMs) === Math.floor(bar.start / stepMs);
    if (sameStep && bar.start - last.end <= joinMs) {
      last.end = Math.max(last.end, bar.end);
      last.height = Math.max(last.height, bar.height);
    } else {
      joined.push({ ...bar });
    }
  }
  return joined;
}

/**
 * @param {{start: number, end: number, bytes: number}[]} segments
 * @param {number} from
 * @param {number} to
 * @returns {number}  about how many bytes a clip of that time has
 */
export function bytesBetween(segments, from, to) {
  return segments.reduce((sum, { start, end, bytes }) => {
    const part = Math.min(end, to) - Math.max(start, from);
    return part > 0 && end > start ? sum + bytes * part / (end - start) : sum;
  }, 0);
}

/**
 * One list out of the days that touch a window; what lies over midnight stands in two days and is taken once.
 *
 * @param {Map<number, object>} days
 * @param {number} from
 * @param {number} to
 * @param {'segments'|'gaps'} key
 * @returns {object[]}  in order
 */
export function inDays(days, from, to, key) {
  const seen = new Set();
  return [...days.keys()].sort((a, b) => a - b)
    .flatMap((start) => (start < to && dayStart(start, 1) > from ? days.get(start)[key] : []))
    .filter(({ start }) => !seen.has(start) && seen.add(start));
}
