import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dayStart } from '../../bridge/hub/web/days.js';
import { following, keyStep, panned, ticksOf, zoomed } from '../../bridge/hub/web/track-scale.js';

const minute = 60000;
const hour = 3600000;
const now = new Date(2026, 10, 21, 16, 42).getTime();
const day = { from: dayStart(now), to: dayStart(now, 1) };

describe('the window of the track', () => {
  it('is a whole local day at 24 h', () => {
    assert.deepEqual(zoomed(24 * hour, now, { from: 0, to: 1 }, false), day);
  });

  it('keeps the time where it is that somebody zooms at', () => {
    const view = zoomed(6 * hour, now, day, false);
    assert.equal(view.to - view.from, 6 * hour);
    assert.ok(Math.abs((now - view.from) / (6 * hour) - (now - day.from) / (24 * hour)) < 1e-9);
  });

  it('shows no less than ten minutes', () => {
    const { from, to } = zoomed(1000, now, day, true);
    assert.equal(to - from, 10 * minute);
  });

  it('stops at the end of today and at what can be recorded', () => {
    const view = { from: now - hour, to: now };
    assert.equal(panned(view, 48 * hour, now - 48 * hour, now).to, day.to);
    assert.equal(panned(view, -480 * hour, now - 24 * hour, now).from, dayStart(now - 24 * hour));
    assert.deepEqual(panned(view, -hour, now - 48 * hour, now), { from: now - 2 * hour, to: now - hour });
  });

  it('follows what plays out of the window, and now with room after it', () => {
    const view = { from: now - hour, to: now };
    assert.equal(following(view, now - 30 * minute, false), view);
    const next = following(view, now - minute, false);
    assert.ok(next.from > view.from && next.to - next.from === hour);
    assert.ok(following(view, now, true).to > now);
  });
});

describe('ticks and steps', () => {
  it('leave room for labels, and stand on round times', () => {
    assert.equal(ticksOf(day, 1000).length, 12);
    for (const tick of ticksOf({ from: now, to: now + hour }, 1000)) assert.equal(tick % (5 * minute), 0);
  });

  it('move the head further the more is shown', () => {
    assert.equal(keyStep(day), 10 * minute);
    assert.equal(keyStep({ from: 0, to: hour }), 30000);
    assert.equal(keyStep({ from: 0, to: 10 * minute }), 5000);
  });
});
