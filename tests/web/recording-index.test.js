import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dayStart } from '../../bridge/hub/web/days.js';
import { RecordingIndex } from '../../bridge/hub/web/recording-index.js';
import { createStore } from '../../bridge/hub/web/store.js';

const minute = 60000;
const hour = 3600000;
const now = new Date(2026, 10, 21, 16, 42).getTime();

function setUp(stretches, { gaps = [], status = 200, problem = '', range } = {}) {
  const segments = stretches.map(([start, end]) => ({ start, end, bytes: 1 }));
  const given = range === undefined && stretches.length ? [stretches[0][0], stretches.at(-1)[1]] : range;
  const recording = given && { from: new Date(given[0]).toISOString(), to: new Date(given[1]).toISOString() };
  const store = createStore({ devices: [{ id: 'cam', recording: recording ?? {} }], recordings: null });
  const asked = [];
  const hub = { segments, status };
  const clock = { time: now, now: () => clock.time };
  const index = new RecordingIndex('cam', store, async (id, from, to) => {
    asked.push([from, to]);
    const touching = ({ start, end }) => end >= from && start < to;
    const ok = hub.status === 200;
    return { status: hub.status, problem, segments: ok ? hub.segments.filter(touching) : [], gaps: ok ? gaps.filter(touching) : [] };
  }, clock);
  return { index, store, asked, hub, clock };
}

const today = dayStart(now);
const stretches = [[today - 30 * hour, today - 20 * hour], [today + hour, today + 2 * hour], [today + 3 * hour, now - 5000]];

describe('RecordingIndex', () => {
  it('asks for a day once, and for the day of now again from its newest segment on', async () => {
    const { index, asked, clock } = setUp(stretches);
    await index.ensure(today - hour, now);
    await index.ensure(today - hour, now);
    assert.deepEqual(asked, [[dayStart(today, -1), today], [today, dayStart(today, 1)]]);
    clock.time += 5000;
    await index.refresh();
    assert.deepEqual(asked.at(-1), [today + 3 * hour - 1, dayStart(today, 1)]);
    assert.equal(index.segments(today, now).length, 2);
  });

  it('tells what is at a time', async () => {
    const gap = { start: today + 2 * hour, end: today + 3 * hour, reason: 'offline' };
    const { index } = setUp(stretches, { gaps: [gap] });
    const recorded = await index.locate(today + 90 * minute);
    assert.deepEqual([recorded.kind, recorded.stretch.start], ['recorded', today + hour]);
    const inGap = await index.locate(today + 150 * minute);
    assert.deepEqual([inGap.kind, inGap.gap, inGap.before.end, inGap.after.start],
      ['gap', gap, today + 2 * hour, today + 3 * hour]);
    const overMidnight = await index.locate(today + 30 * minute);
    assert.deepEqual([overMidnight.kind, overMidnight.before.start, overMidnight.gap.reason], ['gap', today - 30 * hour, '']);
    assert.deepEqual((await index.locate(today - 40 * hour)).oldest, today - 30 * hour);
    assert.equal((await index.locate(now - 1000)).kind, 'end');
  });

  it('says so when nothing is recorded, or the hub refuses', async () => {
    const empty = setUp([]);
    assert.equal((await empty.index.locate(now - hour)).kind, 'nothing');
    const { index, hub } = setUp(stretches, { status: 403, problem: 'not-allowed' });
    assert.deepEqual(await index.locate(now - hour), { kind: 'failed', status: 403, problem: 'not-allowed' });
    hub.status = 200;
    assert.equal((await index.locate(now - hour)).kind, 'recorded');
  });

  it('keeps what it knows when a later answer fails', async () => {
    const { index, hub, clock } = setUp(stretches);
    await index.refresh();
    hub.status = 0;
    clock.time += 5000;
    await index.refresh();
    assert.equal(index.segments(today, now).length, 2);
  });

  it('writes nothing once it is closed', async () => {
    const { index, store } = setUp(stretches);
    const reading = index.refresh();
    index.close();
    const before = store.get().recordings;
    await reading;
    assert.equal(store.get().recordings, before);
  });
});
