import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PlaybackLimits, PlaybackSession } from '../../bridge/hub/web/playback.js';
import { RecordingIndex } from '../../bridge/hub/web/recording-index.js';
import { createStore } from '../../bridge/hub/web/store.js';
import { FakeClock, settle } from './fake-clock.js';

const minute = 60000;
const second = 1000;

// A player that a test drives by hand.
class FakePlayer {
  calls = [];
  state = { moving: true, sound: 'player', held: false, paused: false };
  buffered = 0;

  constructor(request, on) {
    this.request = request;
    this.on = on;
    this.state.at = request.at;
  }

  sample = () => this.state;
  measure = () => ({ bytes: 7 });
  play = () => this.calls.push('play');
  pause = () => this.calls.push('pause');
  setSound = (on) => this.calls.push(`sound ${on}`);
  setRate = (rate) => this.calls.push(`rate ${rate}`);
  close = () => this.calls.push('close');
  seek = (at) => {
    const here = Math.abs(at - this.state.at) <= this.buffered;
    if (here) this.state.at = at;
    return here;
  };
}

async function setUp({ at, status = 200, problem = '' } = {}) {
  const clock = new FakeClock();
  const now = clock.now();
  const segments = [[now - 60 * minute, now - 40 * minute], [now - 30 * minute, now - 10 * second]]
    .map(([start, end]) => ({ start, end, bytes: 1000 }));
  const recording = { from: new Date(segments[0].start).toISOString(), to: new Date(segments[1].end).toISOString() };
  const store = createStore({ devices: [{ id: 'cam', live: true, recording }], session: null });
  const hub = { status, problem, segments };
  const index = new RecordingIndex('cam', store, async () => ({
    status: hub.status, problem: hub.problem, segments: hub.status === 200 ? hub.segments : [], gaps: [],
  }), clock);
  const players = [];
  const notices = [];
  const session = new PlaybackSession('cam', store, {
    index, clock, soundOn: true, notify: (notice) => notices.push(notice),
    play: (request, on) => {
      players.push(new FakePlayer(request, on));
      return players.at(-1);
    },
  }, at ? at(now) : now - 20 * minute);
  const test = {
    clock, store, hub, players, notices, session, now, index,
    get player() { return players.at(-1); },
    get state() { return store.get().session; },
    async end(end) {
      test.player.on.onEnd(end);
      await settle();
      await settle();
    },
  };
  await settle();
  await settle();
  return test;
}

async function playing(options) {
  const test = await setUp(options);
  test.player.on.onPicture();
  await test.clock.run(PlaybackLimits.tick);
  return test;
}

describe('PlaybackSession', () => {
  it('looks the time up, plays there, and tells the time of the picture', async () => {
    const test = await setUp();
    assert.deepEqual(test.state, { id: 'cam', at: test.now - 20 * minute, name: 'lookup', visible: false });
    await test.clock.run(500);
    assert.equal(test.state.visible, true);
    assert.deepEqual([test.player.request.at, test.player.request.end], [test.now - 20 * minute, null]);
    test.player.on.onPicture();
    test.player.state.at += 1400;
    await test.clock.run(250);
    assert.deepEqual(test.state, { id: 'cam', at: test.now - 20 * minute + second, name: 'playback', paused: false, held: false, rate: 1, waiting: false });
  });

  it('asks for no more than the stretch, and jumps over the gap behind it', async () => {
    const test = await playing({ at: (now) => now - 45 * minute });
    assert.equal(test.player.request.end, test.now - 30 * minute);
    test.player.state.at = test.now - 40 * minute;
    await test.clock.run(250);
    await test.end({ reason: 'finished' });
    assert.deepEqual(test.notices, [{ kind: 'skipped', ms: 10 * minute }]);
    assert.equal(test.player.request.at, test.now - 30 * minute);
  });

  it('has caught up at the end, and plays on when more was recorded meanwhile', async () => {
    const test = await playing();
    const end = test.now - 10 * second;
    test.player.state.at = end;
    await test.clock.run(3000);
    test.hub.segments = [test.hub.segments[0], { ...test.hub.segments[1], end: end + 8 * second }];
    await test.end({ reason: 'finished' });
    assert.deepEqual([test.players.length, test.player.request.at], [2, end]);
    test.player.on.onPicture();
    test.player.state.at = end + 8 * second;
    await test.clock.run(3000);
    await test.end({ reason: 'finished' });
    assert.deepEqual([test.state.name, test.state.again], ['end', end + 8 * second - PlaybackLimits.again]);
  });

  const places = [
    ['gap', (now) => now - 35 * minute], ['older', (now) => now - 70 * minute], ['end', (now) => now],
  ];
  for (const [name, at] of places) {
    it(`shows ${name} where it is chosen`, async () => {
      const test = await setUp({ at });
      assert.deepEqual([test.state.name, test.players.length], [name, 0]);
    });
  }

  const refusals = [[401, 'expired-token', 'signed-out'], [403, 'not-allowed', 'refused'], [404, 'unknown-device', 'missing']];
  for (const [status, problem, name] of refusals) {
    it(`shows ${name} for ${status}`, async () => assert.equal((await setUp({ status, problem })).state.name, name));
  }

  it('tries again when the hub does not answer, later each time', async () => {
    const test = await setUp({ status: 0 });
    assert.deepEqual([test.state.name, test.state.retryIn], ['lost', 1]);
    await test.clock.run(1250);
    assert.deepEqual([test.state.name, test.state.retryIn], ['lost', 2]);
    test.hub.status = 200;
    test.session.tryNow();
    await settle();
    await settle();
    assert.equal(test.players.length, 1);
  });

  it('connects again where the stream broke off', async () => {
    const test = await playing();
    test.player.state.at += 5 * second;
    await test.clock.run(250);
    await test.end({ reason: 'broken' });
    assert.equal(test.state.name, 'lost');
    await test.clock.run(1250);
    assert.equal(test.player.request.at, test.now - 20 * minute + 5 * second);
  });

  it('passes over what cannot be read after two tries', async () => {
    const test = await setUp({ at: (now) => now - 45 * minute });
    for (const pause of [1250, 2250]) {
      await test.end({ reason: 'broken' });
      await test.clock.run(pause);
    }
    await test.end({ reason: 'broken' });
    assert.deepEqual(test.notices, [{ kind: 'unreadable', ms: 15 * minute }]);
    assert.equal(test.player.request.at, test.now - 30 * minute);
  });

  it('steps inside of what is here without asking, and over a gap', async () => {
    const test = await playing();
    test.player.buffered = 10 * second;
    await test.session.step(10 * second);
    assert.deepEqual([test.players.length, test.state.at], [1, test.now - 20 * minute + 10 * second]);
    test.player.buffered = 0;
    test.session.go(test.now - 41 * minute);
    await settle();
    await settle();
    test.player.on.onPicture();
    await test.session.step(2 * minute);
    await settle();
    assert.equal(test.player.request.at, test.now - 30 * minute);
  });

  it('holds the picture, at once or from the beginning', async () => {
    const test = await playing();
    test.session.togglePause();
    assert.deepEqual([test.state.paused, test.player.calls], [true, ['pause']]);
    test.session.go(test.now - 5 * minute);
    await settle();
    await settle();
    assert.equal(test.player.request.paused, true);
    test.player.on.onPicture();
    test.session.togglePause();
    assert.deepEqual([test.state.paused, test.player.calls], [false, ['play']]);
  });

  it('shows key frames alone at four times, and plays on from there at a slower speed', async () => {
    const test = await playing();
    test.session.setRate(2);
    assert.deepEqual([test.player.calls, test.players.length], [['rate 2'], 1]);
    test.session.setRate(4);
    assert.deepEqual([test.players.length, test.player.request.rate], [2, 4]);
    test.player.on.onPicture();
    await test.clock.run(250);
    assert.equal(test.store.get().sound.kind, 'none');
    test.session.setRate(0.5);
    assert.deepEqual([test.players.length, test.player.request.rate], [3, 0.5]);
  });

  it('gives its stream back when nobody sees the page', async () => {
    const test = await playing();
    test.session.setHidden(true);
    await test.clock.run(PlaybackLimits.hidden + 500);
    assert.ok(test.player.calls.includes('close'));
    test.session.setHidden(false);
    await settle();
    await settle();
    assert.equal(test.players.length, 2);
  });

  it('lets a late answer for an older time drop', async () => {
    const test = await setUp();
    test.session.go(test.now - 50 * minute);
    test.session.go(test.now - 15 * minute);
    await settle();
    await settle();
    assert.equal(test.player.request.at, test.now - 15 * minute);
    assert.equal(test.players.filter(({ request }) => request.at === test.now - 50 * minute).length, 0);
  });

  it('writes nothing once it is closed', async () => {
    const test = await playing();
    const before = test.state;
    test.session.close();
    test.player.state.at += minute;
    await test.clock.run(2000);
    assert.equal(test.state, before);
  });
});
