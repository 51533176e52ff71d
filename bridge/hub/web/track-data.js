/** What the track shows of the store's `recordings`. No DOM; runs in Node. */

import { dayStart } from './days.js';
import { barsOf, gapsOf, inDays, stretchesOf } from './stretches.js';

// The newest seconds of a live camera are on their way to the disk: no gap.
const onTheWayMs = 30000;

/**
 * @param {{recordings: object, devices: object[]}} state  of the store
 * @param {{from: number, to: number}} view  the days that it touches and their neighbours are looked at
 * @param {number} now  ms
 * @returns {{stretches: object[], gaps: object[], bars: object[]|null, first: number, status: number|null}}  `first` is the
 *   beginning of the first day that is known, `status` the hub's last refusal, 200 without one, null while it is asked
 */
export function trackData({ recordings, devices }, view, now) {
  const near = ([day]) => day >= dayStart(view.from, -1) && day <= dayStart(view.to, 1);
  const days = new Map([...recordings?.days ?? []].filter(near));
  const segments = inDays(days, -Infinity, Infinity, 'segments');
  const stretches = stretchesOf(segments);
  const first = [...days.keys()].sort((a, b) => a - b)[0] ?? dayStart(now);
  const live = devices?.find(({ id }) => id === recordings?.id)?.live ?? false;
  const last = stretches.at(-1)?.end ?? first;
  const end = live && now - last < onTheWayMs ? last : now;
  const gaps = gapsOf(stretches, inDays(days, -Infinity, Infinity, 'gaps'), first, end);
  const unanswered = [...days.values()].map(({ status }) => status).filter((status) => status !== 200);
  return {
    stretches,
    first,
    // Days that the hub has not answered for are no gaps.
    gaps: gaps.flatMap((gap) => answered(gap, days)),
    bars: barsOf(segments),
    status: unanswered.length ? unanswered.find((status) => status !== null) ?? null : 200,
  };
}

function answered({ start, end, reason }, days) {
  const parts = [];
  for (let day = dayStart(start); day < end; day = dayStart(day, 1)) {
    if (days.get(day)?.status !== 200) continue;
    const part = { start: Math.max(start, day), end: Math.min(end, dayStart(day, 1)), reason };
    if (parts.at(-1)?.end === part.start) parts.at(-1).end = part.end;
    else parts.push(part);
  }
  return parts;
}
