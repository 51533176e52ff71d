import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { barsOf, bytesBetween, gapsOf, holding, inDays, joinBars, stretchesOf } from '../../bridge/hub/web/stretches.js';
import { trackData } from '../../bridge/hub/web/track-data.js';
import { dayStart } from '../../bridge/hub/web/days.js';

const minute = 60000;
const segment = (start, end, bytes = end - start) => ({ start: start * minute, end: end * minute - 40, bytes });
const list = [segment(0, 1), segment(1, 2), segment(2, 3), segment(30, 31), segment(31, 32)];
const stretches = stretchesOf(list);
const minutes = ({ start, end, ...more }) => [Math.round(start / minute), Math.round(end / minute), ...Object.values(more)];

describe('stretchesOf', () => {
  it('joins segments that follow each other, also where they overlap', () => {
    assert.deepEqual(stretches.map(minutes), [[0, 3], [30, 32]]);
    assert.deepEqual(stretchesOf([segment(0, 5), segment(1, 2), segment(4, 6)]).map(minutes), [[0, 6]]);
    assert.deepEqual(stretchesOf([{ start: 5, end: 5, bytes: 1 }]), []);
  });

  it('tells what holds a time', () => {
    assert.equal(holding(31 * minute, stretches), stretches[1]);
    assert.equal(holding(10 * minute, stretches), null);
  });
});

describe('gapsOf', () => {
  it('has no reason where the hub gives none', () => {
    assert.deepEqual(gapsOf(stretches, [], 0, 40 * minute).map(minutes), [[3, 30, ''], [32, 40, '']]);
  });

  it('takes the reasons of the hub, also several for one gap', () => {
    const reasons = [{ start: 3 * minute, end: 10 * minute, reason: 'offline' }, { start: 12 * minute, end: 30 * minute, reason: 'disk-full' }];
    assert.deepEqual(gapsOf(stretches, reasons, 0, 32 * minute).map(minutes), [[3, 10, 'offline'], [10, 12, ''], [12, 30, 'disk-full']]);
  });

  it('closes up to a stretch that begins a moment after the reason ends', () => {
    const reasons = [{ start: 3 * minute + 500, end: 30 * minute - 900, reason: 'offline' }];
    assert.deepEqual(gapsOf(stretches, reasons, 0, 32 * minute).map(minutes), [[3, 30, 'offline']]);
  });

  it('reads what was removed as a gap before the first stretch', () => {
    const reasons = [{ start: -1000 * minute, end: 30 * minute, reason: 'expired' }];
    assert.deepEqual(gapsOf([stretches[1]], reasons, -10 * minute, 32 * minute).map(minutes), [[-10, 30, 'expired']]);
  });
});

describe('bars', () => {
  const rates = (...bytes) => bytes.map((rate, i) => ({ start: i * minute, end: (i + 1) * minute, bytes: rate * minute }));

  it('are hidden at a constant rate', () => {
    assert.equal(barsOf(rates(100, 105, 98, 101, 103, 99)), null);
    assert.equal(barsOf(rates(100, 400)), null);
  });

  it('stand for the bytes a second against the median, on a log scale', () => {
    const bars = barsOf(rates(100, 100, 200, 400, 50, 100));
    assert.deepEqual(bars.map(({ height }) => height), [0.5, 0.5, 0.75, 1, 0.25, 0.5]);
  });

  it('keep the highest when they are joined', () => {
    const joined = joinBars(barsOf(rates(100, 100, 200, 400, 50, 100)), 3 * minute);
    assert.deepEqual(joined.map(({ start, end, height }) => [start / minute, end / minute, height]), [[0, 3, 0.75], [3, 6, 1]]);
  });

  it('draws a day of 1440 segments in little time', () => {
    const day = Array.from({ length: 1440 }, (_, i) => ({ start: i * minute, end: (i + 1) * minute - 40, bytes: 1e6 * (1 + (i % 7)) }));
    const from = performance.now();
    for (let i = 0; i < 20; i++) joinBars(barsOf(day), 5 * minute);
    const each = (performance.now() - from) / 20;
    assert.ok(each < 40, `${each} ms`); // the budget is 4 ms; a busy machine gets ten times that
  });
});

describe('bytesBetween', () => {
  it('counts parts of segments', () => {
    const segments = [{ start: 0, end: 1000, bytes: 500 }, { start: 1000, end: 3000, bytes: 4000 }];
    assert.equal(bytesBetween(segments, 500, 2000), 250 + 2000);
  });
});

describe('trackData', () => {
  const now = new Date(2026, 10, 21, 16, 42).getTime();
  const today = dayStart(now);
  const yesterday = dayStart(now, -1);
  const late = { start: today - minute, end: today + minute, bytes: 1 };
  const ready = (segments) => ({ status: 200, segments, gaps: [] });
  const devices = [{ id: 'cam', live: true }];
  const view = { from: today, to: dayStart(now, 1) };

  it('takes a segment over midnight once, and draws a gap over midnight whole', () => {
    const days = new Map([[yesterday, ready([late])], [today, ready([late, { start: now - minute, end: now - 5000, bytes: 1 }])]]);
    assert.equal(inDays(days, -Infinity, Infinity, 'segments').length, 2);
    const { stretches: found, gaps } = trackData({ recordings: { id: 'cam', days }, devices }, view, now);
    assert.deepEqual(found[0], { start: late.start, end: late.end });
    assert.deepEqual(gaps.map(({ start, end }) => [start, end]), [[yesterday, late.start], [late.end, now - minute]]);
  });

  it('does not call the newest seconds of a live camera a gap, nor a day that was not answered', () => {
    const days = new Map([[yesterday, { status: null, segments: [], gaps: [] }], [today, ready([{ start: today, end: now - 5000, bytes: 1 }])]]);
    assert.deepEqual(trackData({ recordings: { id: 'cam', days }, devices }, view, now).gaps, []);
    assert.equal(trackData({ recordings: { id: 'cam', days }, devices }, view, now).status, null);
    const gone = trackData({ recordings: { id: 'cam', days }, devices: [{ id: 'cam', live: false }] }, view, now);
    assert.equal(gone.gaps.length, 1);
  });

  it('looks no further than a day beyond the window', () => {
    const long = dayStart(now, -3);
    const days = new Map([[long, ready([{ start: long, end: long + minute, bytes: 1 }])], [today, ready([late])]]);
    assert.equal(trackData({ recordings: { id: 'cam', days }, devices }, view, now).stretches.length, 1);
  });
});
