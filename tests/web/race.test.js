import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LiveRace, RaceLimits } from '../../bridge/hub/web/race.js';
import { FakeClock } from './fake-clock.js';

// One way that a test drives by hand.
class FakePlayer {
  calls = [];
  state = { time: 1, late: 0, video: true, paused: false };

  constructor(request, on) {
    this.request = request;
    this.on = on;
  }

  sample = () => ({ ...this.state, way: this.request.way });
  measure = () => ({ from: this.request.way });
  play = () => this.calls.push('play');
  pause = () => this.calls.push('pause');
  setSound = (on) => this.calls.push(`sound ${on}`);
  close = () => this.calls.push('close');

  get closed() {
    return this.calls.includes('close');
  }

  picture() {
    this.on.onKey();
    if (!this.closed) this.on.onPicture();
  }
}

function setUp() {
  const clock = new FakeClock();
  const players = { direct: [], hub: [] };
  const pictures = [];
  const ends = [];
  const openWay = (request, on) => {
    const player = new FakePlayer(request, on);
    players[request.way].push(player);
    return player;
  };
  const race = new LiveRace({ soundOn: true, expectSound: null }, { openWay, clock },
    { onProgress() {}, onPicture: (startup) => pictures.push(startup), onEnd: (end) => ends.push(end) });
  return { clock, players, pictures, ends, race,
    get direct() { return players.direct.at(-1); },
    get hub() { return players.hub.at(-1); },
    lose: (way, end) => players[way].at(-1).on.onEnd({ reason: 'closed', ...end }) };
}

describe('LiveRace, the start', () => {
  it('goes direct in five steps, and never asks the hub when a picture comes in time', async () => {
    const { clock, players, pictures, ends, race, direct } = setUp();
    assert.deepEqual(race.progress, { way: 'direct', step: 1, of: 5 });
    for (const step of [2, 3, 4, 5]) {
      await clock.run(10 * step);
      direct.on.onStep(step);
      assert.equal(race.progress.step, step);
    }
    await clock.run(60);
    direct.picture();
    assert.deepEqual(pictures, [{ way: 'direct', ms: [20, 30, 40, 50, 60] }]);
    await clock.run(60000);
    assert.deepEqual([players.hub.length, ends, race.sample().way], [0, [], 'direct']);
  });

  it('counts a step that went by unseen as no time', async () => {
    const { clock, pictures, direct } = setUp();
    await clock.run(20);
    direct.on.onStep(5);
    await clock.run(30);
    direct.picture();
    assert.deepEqual(pictures[0].ms, [20, 0, 0, 0, 30]);
  });

  it('begins the hub path after 1.5 s, and direct wins when it is the first', async () => {
    const test = setUp();
    await test.clock.run(RaceLimits.hubAfter - 10);
    assert.equal(test.players.hub.length, 0);
    await test.clock.run(20);
    assert.equal(test.players.hub.length, 1);
    assert.equal(test.race.progress.way, 'direct');
    test.direct.picture();
    assert.deepEqual([test.hub.closed, test.race.sample().way], [true, 'direct']);
  });

  it('lets direct take over from the hub at its first key frame', async () => {
    const test = setUp();
    await test.clock.run(1600);
    test.hub.on.onStep(3);
    test.hub.picture();
    assert.equal(test.race.sample().way, 'hub');
    await test.clock.run(5000);
    test.direct.on.onStep(5);
    test.direct.on.onKey();
    assert.equal(test.hub.closed, true, 'before direct touches the video element');
    test.direct.on.onPicture();
    assert.deepEqual([test.race.sample().way, test.pictures.map(({ way }) => way)], ['direct', ['hub', 'direct']]);
    assert.equal(test.race.measure().from, 'direct');
  });

  it('gives direct up after 10 s, and stays with the hub', async () => {
    const test = setUp();
    await test.clock.run(1600);
    test.hub.picture();
    test.direct.on.onStep(2);
    assert.equal(test.race.sample().blocked, false);
    await test.clock.run(RaceLimits.open);
    assert.equal(test.direct.closed, true);
    assert.equal(test.race.sample().blocked, true);
    await test.clock.run(300000);
    assert.deepEqual([test.players.direct.length, test.ends], [1, []]);
  });

  it('waits for the key frame of a direct path that has opened', async () => {
    const test = setUp();
    await test.clock.run(1600);
    test.hub.picture();
    await test.clock.run(8000);
    test.direct.on.onStep(5);
    await test.clock.run(6000);
    assert.equal(test.direct.closed, false);
    await test.clock.run(RaceLimits.noPicture);
    assert.equal(test.direct.closed, true);
  });

  it('asks the hub at once when the camera cannot be asked', () => {
    const test = setUp();
    test.lose('direct', { cause: 'no-video', status: 503 });
    assert.deepEqual([test.players.hub.length, test.race.progress.way, test.race.progress.of], [1, 'hub', 3]);
  });

  it('uses the hub when the person says so', async () => {
    const test = setUp();
    test.race.useHub();
    assert.deepEqual([test.direct.closed, test.players.hub.length], [true, 1]);
    test.hub.picture();
    test.race.useHub();
    assert.deepEqual([test.hub.closed, test.race.sample().blocked], [false, false]);
  });
});

describe('LiveRace, the end', () => {
  for (const cause of ['signed-out', 'refused', 'missing']) {
    it(`asks nobody else when the link or the camera is the reason: ${cause}`, async () => {
      const test = setUp();
      test.lose('direct', { cause, problem: 'p' });
      await test.clock.run(60000);
      assert.equal(test.players.hub.length, 0);
      assert.deepEqual(test.ends.map(({ ways }) => [ways.direct.cause, ways.hub]), [[cause, null]]);
    });
  }

  it('comes when both ways are lost, and says how each went', async () => {
    const test = setUp();
    await test.clock.run(1600);
    test.lose('hub', { code: 1006 });
    assert.deepEqual(test.ends, []);
    test.lose('direct', { cause: 'blocked', relay: 'none' });
    assert.deepEqual(test.ends.length, 1);
    const [{ ways }] = test.ends;
    assert.deepEqual([ways.direct.cause, ways.hub.code], ['blocked', 1006]);
    assert.equal(test.race.progress, null);
  });

  it('comes when the way that has the screen is closed, and lets it play on', async () => {
    const test = setUp();
    test.direct.picture();
    test.lose('direct', { cause: 'closed' });
    assert.deepEqual([test.ends.length, test.direct.closed, test.race.sample().time], [1, false, 1]);
    test.race.close();
    assert.equal(test.direct.closed, true);
  });

  it('ends a hub path that brings no data, or no picture', async () => {
    const silent = setUp();
    silent.lose('direct', { cause: 'no-video' });
    await silent.clock.run(RaceLimits.noBytes + 10);
    assert.deepEqual([silent.hub.closed, silent.ends[0].reason], [true, 'no data']);
    const blind = setUp();
    blind.lose('direct', { cause: 'no-video' });
    blind.hub.on.onStep(3);
    blind.hub.state.video = false;
    await blind.clock.run(RaceLimits.noPicture + 10);
    assert.deepEqual([blind.ends[0].reason, blind.ends[0].ways.hub.video], ['no picture', false]);
  });

  it('leaves a picture that the browser holds back alone', async () => {
    const test = setUp();
    test.direct.on.onStep(5);
    test.direct.state.paused = true;
    test.direct.on.onKey();
    await test.clock.run(60000);
    assert.deepEqual([test.direct.closed, test.ends], [false, []]);
  });

  it('passes on that the player has to begin anew, or cannot', () => {
    for (const end of [{ reason: 'restart', expectSound: true }, { reason: 'codec', name: 'H.265' }]) {
      const test = setUp();
      test.direct.on.onKey();
      test.lose('direct', end);
      assert.deepEqual([test.ends[0].reason, test.players.hub.length], [end.reason, 0]);
    }
  });

  it('reports nothing after close', async () => {
    const test = setUp();
    test.race.close();
    test.lose('direct', { cause: 'blocked' });
    await test.clock.run(60000);
    assert.deepEqual([test.ends, test.players.hub.length, test.direct.closed], [[], 0, true]);
  });
});

describe('LiveRace, behind the picture', () => {
  async function onHub(end) {
    const test = setUp();
    await test.clock.run(1600);
    test.hub.picture();
    test.lose('direct', end);
    return test;
  }

  it('asks a camera that could not be asked again, less and less often', async () => {
    const test = await onHub({ cause: 'no-video' });
    const tried = [];
    const from = test.clock.now();
    for (let known = 1; tried.length < 6;) {
      await test.clock.run(1000);
      if (test.players.direct.length === known) continue;
      known += 1;
      tried.push(Math.round((test.clock.now() - from) / 1000));
      test.lose('direct', { cause: 'no-answer' });
    }
    assert.deepEqual(tried.map((at, i) => at - (tried[i - 1] ?? 0)), [5, 10, 20, 40, 60, 60]);
    assert.equal(test.hub.closed, false);
  });

  it('keeps the pause that a full camera asks for', async () => {
    const test = await onHub({ cause: 'full', retryAfter: 30 });
    await test.clock.run(29000);
    assert.equal(test.players.direct.length, 1);
    await test.clock.run(2000);
    test.direct.picture();
    assert.deepEqual([test.players.direct.length, test.race.sample().way], [2, 'direct']);
  });

  it('looks for a path again when the network changes', async () => {
    const test = await onHub({ cause: 'blocked' });
    test.race.tryDirect();
    test.race.tryDirect();
    assert.equal(test.players.direct.length, 2);
    assert.equal(test.race.sample().blocked, false);
    test.direct.picture();
    test.race.tryDirect();
    assert.equal(test.players.direct.length, 2);
  });

  it('does not change a held picture, and looks for direct when it goes on', async () => {
    const test = setUp();
    await test.clock.run(1600);
    test.hub.picture();
    test.race.pause();
    test.direct.on.onKey();
    assert.deepEqual([test.direct.closed, test.hub.closed], [true, false]);
    test.race.play();
    assert.deepEqual([test.players.direct.length, test.hub.calls], [2, ['pause', 'play']]);
  });

  it('gives a later player the sound that was chosen meanwhile', async () => {
    const test = setUp();
    test.race.setSound(false);
    await test.clock.run(1600);
    assert.deepEqual([test.direct.calls, test.hub.request.soundOn], [['sound false'], false]);
  });
});
