import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LiveSession, Limits } from '../../bridge/hub/web/session.js';
import { createStore } from '../../bridge/hub/web/store.js';
import { FakeClock, settle } from './fake-clock.js';

// A race that a test drives by hand.
class FakeLive {
  calls = [];
  state = { time: 0, late: 0.6, video: true, sound: 'player', held: false, paused: false, way: 'hub', blocked: false };
  progress = { way: 'direct', step: 1, of: 5 };

  constructor(request, on) {
    this.request = request;
    this.on = on;
  }

  sample = () => this.state;
  play = () => this.calls.push('play');
  pause = () => this.calls.push('pause');
  setSound = (on) => this.calls.push(`sound ${on}`);
  measure = () => ({});
  tryDirect = () => this.calls.push('direct');
  useHub = () => this.calls.push('hub');
  close = () => this.calls.push('close');

  get closed() {
    return this.calls.includes('close');
  }

  begin() {
    this.on.onPicture({ way: this.state.way, ms: [1, 2, 3] });
  }
}

const served = { cause: 'none', status: 200, problem: '', retryAfter: 0 };
const camera = { id: 'cam', online: true, live: true, viewers: 1, max_viewers: 4 };

function setUp({ device = camera, soundOn = true } = {}) {
  const clock = new FakeClock();
  const store = createStore({ devices: [device], hub: { state: 'ok' }, session: null });
  const lives = [];
  const hub = { answer: served, device };
  const session = new LiveSession('cam', store, {
    openLive: (request, on) => {
      lives.push(new FakeLive(request, on));
      return lives.at(-1);
    },
    probeLive: async () => hub.answer,
    refresh: async () => hub.device,
    clock,
    soundOn,
  });
  const test = {
    clock, store, lives, hub, session,
    get live() { return lives.at(-1); },
    get state() { return store.get().session; },
    // The picture moves on all the while.
    async play(ms) {
      for (let at = 0; at < ms; at += Limits.tick) {
        test.live.state = { ...test.live.state, time: test.live.state.time + Limits.tick / 1000 };
        await clock.run(Limits.tick);
      }
    },
    async end(end, answer = served) {
      hub.answer = answer;
      test.live.on.onEnd({ ways: { direct: null, hub: end }, ...end });
      await settle();
    },
  };
  return test;
}

const refusedBy = (cause, more = {}) => ({ cause, status: 503, problem: '', retryAfter: 0, ...more });
const closed = { reason: 'closed', code: 1006 };

describe('LiveSession, connecting', () => {
  it('opens the stream at once and shows no steps for 400 ms', async () => {
    const test = setUp();
    assert.equal(test.lives.length, 1);
    assert.deepEqual(test.state, { id: 'cam', name: 'connecting', way: 'direct', step: 1, of: 5, visible: false, slow: false });
    await test.clock.run(500);
    assert.equal(test.state.visible, true);
    await test.clock.run(4000);
    assert.equal(test.state.slow, true);
  });

  it('goes through its steps to live', async () => {
    const test = setUp();
    for (const progress of [{ way: 'direct', step: 3, of: 5 }, { way: 'hub', step: 2, of: 3 }]) {
      test.live.progress = progress;
      test.live.on.onProgress();
      assert.deepEqual([test.state.way, test.state.step, test.state.of], Object.values(progress));
    }
    test.live.progress = null;
    test.live.on.onProgress();
    assert.equal(test.state.step, 2);
    test.live.begin();
    assert.equal(test.state.name, 'live');
    assert.deepEqual(test.session.measure().startup, { way: 'hub', ms: [1, 2, 3] });
  });

  it('says which way the picture comes, and the delay of the hub alone', async () => {
    const test = setUp();
    for (const way of ['direct', 'relay']) {
      test.live.state.way = way;
      test.live.begin();
      assert.deepEqual(test.state, { id: 'cam', name: 'live', way });
    }
    test.live.state.way = 'hub';
    test.live.state.blocked = true;
    test.live.begin();
    assert.deepEqual(test.state, { id: 'cam', name: 'live', way: 'hub', late: 1, blocked: true });
  });

  it('shows a card after three tries that the hub accepts and that bring nothing', async () => {
    const test = setUp();
    for (const pause of [1000, 2000]) {
      await test.end(closed);
      assert.equal(test.state.name, 'connecting');
      await test.clock.run(pause + 250);
    }
    await test.end(closed);
    assert.equal(test.state.name, 'unreachable');
    assert.match(test.state.details[0], /^live cam: direct not ended, hub closed 1006 after \d\.\d s, then 200$/);
  });

  it('goes on connecting while the hub does not answer', async () => {
    const test = setUp();
    for (let i = 0; i < 5; i++) {
      await test.end(closed, refusedBy('no-answer', { status: 0 }));
      assert.equal(test.state.name, 'connecting');
      await test.clock.run(15250);
    }
  });

  it('says waiting when a stream has no video in it', async () => {
    const test = setUp();
    await test.end({ reason: 'no picture', video: false });
    assert.equal(test.state.name, 'waiting');
  });

  it('says what was tried when nothing got through', async () => {
    const test = setUp();
    const ways = { direct: { reason: 'closed', cause: 'blocked', relay: 'none' }, hub: closed };
    await test.end({ ...closed, ways });
    assert.equal(test.state.name, 'unreachable');
    assert.deepEqual(test.state.ways, ways);
    await test.clock.run(1250);
    assert.deepEqual([test.lives.length, test.state.name], [2, 'unreachable']);
  });
});

describe('LiveSession, live', () => {
  it('shows the delay in whole seconds, without flicker', async () => {
    const test = setUp();
    test.live.begin();
    const shown = [];
    for (const late of [1.4, 1.6, 1.4, 1.6, 3.2, 2.9]) {
      test.live.state.late = late;
      await test.play(250);
      shown.push(test.state.late);
    }
    assert.deepEqual(shown, [1, 1, 1, 1, 3, 3]);
  });

  it('is stalled after 2 s without a new picture, and tries again after 1, 2, 4 s', async () => {
    const test = setUp();
    test.live.begin();
    await test.play(1000);
    await test.clock.run(1750);
    assert.equal(test.state.name, 'live');
    await test.clock.run(500);
    assert.deepEqual(test.state, { id: 'cam', name: 'stalled', seconds: 2, retryIn: 1 });
    await test.clock.run(1000);
    assert.equal(test.lives.length, 2);
    assert.equal(test.lives[0].closed, true);
    await test.end(closed);
    assert.equal(test.state.retryIn, 2);
    await test.clock.run(2250);
    await test.end(closed);
    assert.equal(test.state.retryIn, 4);
  });

  it('takes back the retry when the picture comes back by itself', async () => {
    const test = setUp();
    test.live.begin();
    await test.play(500);
    await test.clock.run(2500);
    assert.equal(test.state.name, 'stalled');
    await test.play(3000);
    assert.deepEqual([test.state.name, test.lives.length], ['live', 1]);
  });

  it('says that the network is slow once a direct picture is late for 2 s, and takes it back as slowly', async () => {
    const test = setUp();
    test.live.state = { ...test.live.state, way: 'direct', late: 0.5 };
    test.live.begin();
    await test.play(2500);
    test.live.state.late = 1.5;
    await test.play(1750);
    assert.equal(test.state.tooSlow, undefined);
    await test.play(750);
    assert.deepEqual(test.state, { id: 'cam', name: 'live', way: 'direct', tooSlow: true });
    test.live.state.late = 1;
    await test.play(5000);
    assert.equal(test.state.tooSlow, true);
    test.live.state.late = 0.5;
    await test.play(1500);
    assert.equal(test.state.tooSlow, true);
    await test.play(1000);
    assert.equal(test.state.tooSlow, undefined);
  });

  it('says nothing of the network for a moment of lateness, or through the hub', async () => {
    const test = setUp();
    test.live.state = { ...test.live.state, way: 'direct', late: 2 };
    test.live.begin();
    await test.play(1000);
    test.live.state.late = 0.5;
    await test.play(500);
    test.live.state.late = 2;
    await test.play(1500);
    assert.equal(test.state.tooSlow, undefined);
    test.live.state.way = 'hub';
    await test.play(5000);
    assert.deepEqual(test.state, { id: 'cam', name: 'live', way: 'hub', late: 2, blocked: false });
  });

  it('keeps a connection that stands still while the hub does not answer, and goes on with it', async () => {
    const test = setUp();
    test.live.begin();
    test.hub.answer = { cause: 'no-answer', status: 0, problem: '', retryAfter: 0 };
    await test.clock.run(2250);
    assert.equal(test.state.retryIn, 1);
    await test.clock.run(1000);
    assert.deepEqual(test.state, { id: 'cam', name: 'stalled', seconds: 3, retryIn: 2 });
    test.session.tryNow();
    await settle();
    assert.equal(test.state.retryIn, 4);
    assert.deepEqual([test.lives.length, test.live.closed], [1, false]);
    await test.play(500);
    assert.deepEqual([test.state.name, test.lives.length], ['live', 1]);
  });

  it('gives a connection that stands still up once the hub answers', async () => {
    const test = setUp();
    test.live.begin();
    test.hub.answer = { cause: 'no-answer', status: 0, problem: '', retryAfter: 0 };
    await test.clock.run(3500);
    assert.equal(test.lives.length, 1);
    test.hub.answer = served;
    test.session.tryNow();
    await settle();
    assert.deepEqual([test.lives.length, test.lives[0].closed], [2, true]);
  });

  it('keeps a connection whose picture comes back while the hub is asked', async () => {
    const test = setUp();
    test.live.begin();
    let answer;
    test.hub.answer = new Promise((done) => { answer = done; });
    await test.clock.run(3500);
    await test.play(500);
    answer(served);
    await settle();
    assert.deepEqual([test.state.name, test.lives.length, test.live.closed], ['live', 1, false]);
  });

  it('plays on what has arrived when the stream is closed, and is live again without a stall', async () => {
    const test = setUp();
    test.live.begin();
    await test.play(1000);
    await test.end(closed);
    await test.play(1250);
    assert.equal(test.state.name, 'live');
    assert.equal(test.lives.length, 2);
    test.live.begin();
    await test.play(1000);
    assert.equal(test.state.name, 'live');
  });

  it('begins again at once when the sound of the stream changes', async () => {
    const test = setUp();
    test.live.begin();
    await test.end({ reason: 'restart', expectSound: true });
    assert.deepEqual([test.lives.length, test.live.request.expectSound], [2, true]);
  });

  it('tells what sound there is', async () => {
    const test = setUp();
    test.live.state.sound = 'unknown';
    test.live.begin();
    await test.play(1000);
    assert.equal(test.store.get().sound.kind, 'unknown');
    await test.play(1500);
    assert.equal(test.store.get().sound.kind, 'none');
    test.live.state.sound = 'g711';
    test.live.state.held = true;
    await test.play(250);
    assert.deepEqual(test.store.get().sound, { on: true, kind: 'g711', held: true });
  });

  it('passes the sound switch on', () => {
    const test = setUp({ soundOn: false });
    assert.equal(test.live.request.soundOn, false);
    test.session.setSound(true);
    assert.deepEqual([test.live.calls, test.store.get().sound.on], [['sound true'], true]);
  });
});

describe('LiveSession, a direct camera', () => {
  const ways = (direct, hub = null) => ({ ...closed, ways: { direct: { reason: 'closed', ...direct }, hub } });
  const noVideo = refusedBy('no-video');

  for (const [cause, name] of [['signed-out', 'signed-out'], ['refused', 'refused'], ['missing', 'missing']]) {
    it(`takes its word for ${cause}, and asks nobody else`, async () => {
      const test = setUp();
      test.hub.answer = null;
      test.live.on.onEnd(ways({ cause, problem: 'p' }));
      await settle();
      assert.deepEqual([test.state.name, test.state.problem], [name, 'p']);
    });
  }

  it('is full when it says so and the hub has nothing', async () => {
    const test = setUp({ device: { ...camera, viewers: 4 } });
    await test.end(ways({ cause: 'full', retryAfter: 10 }, closed), noVideo);
    assert.deepEqual([test.state.name, test.state.ready], ['full', false]);
    await test.clock.run(10250);
    assert.equal(test.state.ready, true);
  });

  it('connects again a second after it was lost, while it sends to others', async () => {
    const test = setUp();
    test.live.state.way = 'direct';
    test.live.begin();
    await test.play(1000);
    await test.end(ways({ cause: 'closed' }), noVideo);
    await test.clock.run(1250);
    assert.equal(test.lives.length, 2);
    test.live.state.way = 'direct';
    test.live.begin();
    await test.play(500);
    assert.deepEqual(test.state, { id: 'cam', name: 'live', way: 'direct' });
  });

  it('is offline when its program has ended, and connects by itself when it is back', async () => {
    const test = setUp({ device: { ...camera, online: false, live: false } });
    test.live.begin();
    await test.play(1000);
    await test.end(ways({ cause: 'closed' }), noVideo);
    assert.deepEqual([test.state.name, test.state.still], ['offline', true]);
    test.store.set({ devices: [camera] });
    await test.clock.run(250);
    assert.equal(test.lives.length, 2);
  });

  it('goes on without its hub', async () => {
    const test = setUp();
    test.live.state.way = 'direct';
    test.live.begin();
    test.store.set({ hub: { state: 'lost', retryIn: 1 } });
    await test.play(30000);
    test.session.tryNow();
    assert.deepEqual([test.state.name, test.lives.length, test.live.closed], ['live', 1, false]);
  });

  it('is looked for again when the network changes, and left for the hub when the person says so', () => {
    const test = setUp();
    test.session.useHub();
    test.live.begin();
    test.session.tryNow();
    assert.deepEqual(test.live.calls, ['hub', 'direct']);
  });
});

describe('LiveSession, refusals', () => {
  const cases = [
    ['signed-out', 'signed-out', false],
    ['refused', 'refused', false],
    ['missing', 'missing', false],
    ['full', 'full', false],
    ['no-video', 'waiting', true],
  ];
  for (const [cause, name, retries] of cases) {
    it(`shows ${name} for ${cause}${retries ? ', and looks again' : ''}`, async () => {
      const test = setUp({ device: { ...camera, live: false, viewers: 4 } });
      await test.end(closed, refusedBy(cause));
      assert.equal(test.state.name, name);
      await test.clock.run(Limits.cardRetry + 500);
      assert.equal(test.lives.length, retries ? 2 : 1);
      assert.equal(test.state.name, name);
    });
  }

  it('shows offline for a camera that is gone, and comes back when the hub says so', async () => {
    const gone = { ...camera, online: false, live: false };
    const test = setUp({ device: gone });
    await test.end(closed, refusedBy('no-video'));
    assert.deepEqual([test.state.name, test.state.still], ['offline', false]);
    test.store.set({ devices: [camera] });
    await test.clock.run(250);
    assert.equal(test.lives.length, 2);
    assert.equal(test.state.name, 'offline');
    test.live.begin();
    assert.equal(test.state.name, 'live');
  });

  it('holds the button of a full camera back as long as the hub asks', async () => {
    const test = setUp({ device: { ...camera, viewers: 4 } });
    await test.end(closed, refusedBy('full', { retryAfter: 10 }));
    assert.equal(test.state.ready, false);
    await test.clock.run(10250);
    assert.equal(test.state.ready, true);
    test.session.tryNow();
    assert.equal(test.lives.length, 2);
  });

  it('takes a free place at a full camera, once', async () => {
    const test = setUp({ device: { ...camera, viewers: 4 } });
    await test.end(closed, refusedBy('full'));
    test.store.set({ devices: [{ ...camera, viewers: 3 }] });
    await test.clock.run(250);
    assert.equal(test.lives.length, 2);
    await test.end(closed, refusedBy('full'));
    await test.clock.run(5000);
    assert.equal(test.lives.length, 2);
  });

  it('names a codec without a player, and an undecodable stream after three tries', async () => {
    const test = setUp();
    await test.end({ reason: 'codec', name: 'H.265' });
    assert.deepEqual(test.state, { id: 'cam', name: 'codec', codec: 'H.265' });
    const broken = setUp();
    for (let i = 0; i < 3; i++) {
      await broken.end({ reason: 'media', name: 'H.264' });
      await broken.clock.run(4250);
    }
    assert.deepEqual(broken.state, { id: 'cam', name: 'codec', codec: 'H.264' });
  });
});

describe('LiveSession, the person and the browser', () => {
  it('pauses and plays on', async () => {
    const test = setUp();
    test.live.begin();
    await test.play(500);
    test.session.togglePause();
    assert.equal(test.state.name, 'paused');
    await test.clock.run(5000);
    assert.equal(test.state.name, 'paused');
    test.session.togglePause();
    await test.play(250);
    assert.deepEqual([test.state.name, test.live.calls], ['live', ['pause', 'play']]);
  });

  it('gives the stream of a held picture back after 30 s, and opens a new one to play on', async () => {
    const test = setUp();
    test.live.begin();
    test.session.togglePause();
    await test.clock.run(Limits.hidden + 250);
    assert.equal(test.lives[0].closed, true);
    assert.equal(test.state.name, 'paused');
    test.session.togglePause();
    assert.deepEqual([test.state.name, test.lives.length], ['connecting', 2]);
  });

  it('shows that the browser holds the picture back', async () => {
    const test = setUp();
    test.live.begin();
    test.live.state.paused = true;
    await test.clock.run(5000);
    assert.deepEqual([test.state.name, test.lives.length], ['paused', 1]);
    test.session.togglePause();
    assert.deepEqual(test.live.calls, ['play']);
  });

  it('closes a hidden page\'s stream after 30 s, and opens it when the page is seen', async () => {
    const test = setUp();
    test.live.begin();
    test.session.setHidden(true);
    await test.clock.run(Limits.hidden - 500);
    assert.equal(test.lives[0].closed, false);
    await test.clock.run(1000);
    assert.equal(test.lives[0].closed, true);
    test.session.setHidden(false);
    assert.equal(test.lives.length, 2);
  });

  it('does not call a hidden page stalled', async () => {
    const test = setUp();
    test.live.begin();
    test.session.setHidden(true);
    await test.clock.run(10000);
    test.session.setHidden(false);
    await test.clock.run(500);
    assert.deepEqual([test.state.name, test.lives.length], ['live', 1]);
  });

  it('tries at once when asked, instead of waiting', async () => {
    const test = setUp();
    await test.end(closed);
    test.session.tryNow();
    assert.equal(test.lives.length, 2);
    test.session.tryNow();
    assert.equal(test.lives.length, 2);
  });

  it('writes nothing after close', async () => {
    const test = setUp();
    test.session.close();
    test.store.set({ session: null });
    test.live.begin();
    await test.end(closed);
    await test.clock.run(60000);
    assert.deepEqual([test.state, test.lives.length], [null, 1]);
  });
});
