import { hourMinute, hourSecond } from '../days.js';
import { svg } from '../icons.js';
import { joinBars } from '../stretches.js';
import { gapLabel } from '../texts.js';
import { ticksOf } from '../track-scale.js';

const top = 26;
const barPx = 5;
const labelCharPx = 5.9;

/**
 * Draws the track as SVG.
 *
 * @param {object} what
 * @param {{from: number, to: number}} what.view
 * @param {number} what.width  px
 * @param {number} what.height  px
 * @param {object[]} what.stretches
 * @param {object[]} what.gaps
 * @param {object[]|null} what.bars  null for a plain band
 * @param {number} what.now
 * @param {{at: number, live: boolean, seconds: boolean}} what.head
 * @param {number|null} what.playing  a faint line where the picture is while the head is elsewhere
 * @returns {SVGElement}
 */
export function drawTrack(what) {
  const { width, height, view } = what;
  const x = (time) => Math.min(width, Math.max(0, (time - view.from) / (view.to - view.from) * width));
  const base = height - 14;
  return svg('svg', { viewBox: `0 0 ${width} ${height}`, 'aria-hidden': 'true' },
    hatchPattern(),
    ...drawTicks(what, x, base),
    drawGaps(what, x, base),
    svg('path', { class: 'rec', d: what.bars ? barPath(what, x, base) : bandPath(what, x, base) }),
    svg('path', { class: 'base', d: what.stretches.map(({ start, end }) => box(x(start), base, x(end), 3)).join('') }),
    ...drawGapLabels(what, x, base),
    ...drawNow(what, x, base),
    ...drawHead(what, x, base));
}

const round = (value) => value.toFixed(1);
const box = (left, at, right, height) => (
  `M${round(left)} ${round(at)}H${round(Math.max(right, left + 1))}v${round(height)}H${round(left)}z`);
const line = (name, at, from, to) => svg('line', { class: name, x1: at, x2: at, y1: from, y2: to });

function hatchPattern() {
  return svg('defs', {}, svg('pattern', {
    id: 'hatch', width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)',
  }, svg('path', { d: 'M0 0V7', class: 'hl' })));
}

function drawTicks({ view, width, head }, x, base) {
  const near = (head.seconds ? 37 : 30) + 22;
  return ticksOf(view, width).flatMap((time) => {
    const at = x(time);
    const text = svg('text', { x: at, y: 14, 'text-anchor': 'middle' });
    text.textContent = hourMinute(time);
    const shown = at > 18 && at < width - 18 && Math.abs(at - x(head.at)) > near;
    return [line('tick', at, top, base + 2), ...(shown ? [text] : [])];
  });
}

function barPath({ view, width, bars, now }, x, base) {
  const room = base - top - 2;
  const stepMs = barPx * (view.to - view.from) / width;
  return joinBars(bars.filter(({ start, end }) => end > view.from && start < view.to), stepMs).map(({ start, end, height }) => {
    const left = x(start);
    const right = x(Math.min(end, now));
    return box(left, base - room * height, right - (right - left > 3 ? 1.2 : 0), room * height);
  }).join('');
}

const bandPath = ({ stretches }, x, base) => stretches.map(({ start, end }) => box(x(start), base - 16, x(end), 16)).join('');

function drawGaps({ gaps }, x, base) {
  return svg('path', { class: 'hatch', d: gaps.map(({ start, end }) => box(x(start), top + 8, x(end), base - top - 5)).join('') });
}

function drawGapLabels({ gaps }, x, base) {
  const middle = (top + base) / 2;
  return gaps.flatMap((gap) => {
    const [left, right] = [x(gap.start), x(gap.end)];
    const label = gapLabel(gap);
    const wide = label.length * labelCharPx + 14;
    if (right - left < wide) return [];
    const text = svg('text', { x: (left + right) / 2, y: middle + 7, 'text-anchor': 'middle' });
    text.textContent = label;
    return [svg('rect', { class: 'lblbg', x: (left + right - wide) / 2, y: middle - 7, width: wide, height: 20, rx: 10 }), text];
  });
}

function drawNow({ view, now, head }, x, base) {
  return now <= view.to && now >= view.from && !head.live ? [line('nowline', x(now), 20, base + 4)] : [];
}

function drawHead({ view, width, head, playing }, x, base) {
  const shapes = [];
  if (playing !== null && playing >= view.from && playing <= view.to) shapes.push(line('playing', x(playing), top, base + 4));
  if (head.at < view.from || head.at > view.to) return shapes;
  const time = head.seconds ? hourSecond(head.at) : hourMinute(head.at);
  // `15:02`, and `03:02:11 PM` where people write it so; a digit is 7 px wide.
  const half = Math.max(30, 4 * time.length + 6);
  const middle = Math.min(width - half, Math.max(half, x(head.at)));
  const kind = head.live ? 'live' : 'head';
  const text = svg('text', { class: `${kind}text`, x: middle, y: 14, 'text-anchor': 'middle' });
  text.textContent = time;
  shapes.push(line(`${kind}line`, x(head.at), 18, base + 5),
    svg('rect', { class: `${kind}box`, x: middle - half, y: 0, width: 2 * half, height: 20, rx: 10 }), text);
  return shapes;
}
