import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Directory } from '../../bridge/hub/web/directory.js';
import { createStore } from '../../bridge/hub/web/store.js';
import { FakeClock, settle } from './fake-clock.js';

const ok = (value) => ({ status: 200, problem: '', value });
const nobody = { status: 0, problem: '', value: null };

function setUp(...devices) {
  const clock = new FakeClock();
  const store = createStore({ devices: null, hub: { state: 'loading' } });
  const hub = { answer: ok(devices), reads: 0, events: [] };
  const directory = new Directory(store, {
    getDevices: async () => {
      hub.reads += 1;
      return hub.answer;
    },
    getDevice: async (id) => ok(hub.answer.value.find((device) => device.id === id) ?? null),
    openEvents: (handlers) => {
      hub.events.push(handlers);
      return () => { handlers.closed = true; };
    },
  }, clock);
  directory.connect();
  return { clock, store, hub, directory, get on() { return hub.events.at(-1); } };
}

describe('Directory', () => {
  it('reads the list, and follows changes and new cameras', async () => {
    const { store, on } = setUp({ id: 'a', live: false, name: 'A' });
    await settle();
    assert.deepEqual(store.get().hub, { state: 'ok' });
    on.onEvent('device', { id: 'a', live: true });
    on.onEvent('device', { id: 'b', live: true });
    on.onEvent('recording', { id: 'b', recording: { bytes: 7 } });
    assert.deepEqual(store.get().devices,
      [{ id: 'a', live: true, name: 'A' }, { id: 'b', live: true, recording: { bytes: 7 } }]);
  });

  it('keeps a change that comes while the list is read', async () => {
    const { store, on } = setUp({ id: 'a', live: false });
    await settle();
    on.onOpen();
    on.onEvent('device', { id: 'a', live: true });
    await settle();
    assert.equal(store.get().devices[0].live, true);
  });

  it('counts down to the next try while the hub does not answer, and longer each time', async () => {
    const { clock, store, hub, on } = setUp({ id: 'a' });
    await settle();
    hub.answer = nobody;
    on.onLost();
    await settle();
    assert.deepEqual(store.get().hub, { state: 'lost', retryIn: 1 });
    await clock.run(1000);
    assert.equal(hub.events.length, 2);
    hub.events[1].onLost();
    await settle();
    assert.deepEqual(store.get().hub, { state: 'lost', retryIn: 2 });
    await clock.run(1000);
    assert.equal(store.get().hub.retryIn, 1);
    hub.answer = ok([{ id: 'a' }]);
    await clock.run(1000);
    assert.deepEqual(store.get().hub, { state: 'ok' });
  });

  it('shows no fault while only the events fail', async () => {
    const { clock, store, hub, on } = setUp({ id: 'a' });
    await settle();
    on.onLost();
    await clock.run(500);
    assert.deepEqual(store.get().hub, { state: 'ok' });
    await clock.run(1000);
    assert.equal(hub.events.length, 2);
  });

  it('connects at once when asked, and forgets the countdown', async () => {
    const { clock, hub, directory, on } = setUp({ id: 'a' });
    await settle();
    hub.answer = nobody;
    on.onLost();
    await settle();
    directory.connect();
    await clock.run(5000);
    assert.equal(hub.events.length, 2);
  });

  it('stops for a token that the hub refuses', async () => {
    const { clock, store, hub, directory } = setUp();
    hub.answer = { status: 401, problem: 'expired-token', value: null };
    directory.connect();
    await settle();
    assert.deepEqual(store.get().hub, { state: 'refused', status: 401, problem: 'expired-token' });
    hub.events[1].onLost();
    await clock.run(60000);
    assert.equal(hub.events.length, 2);
  });

  it('reads one camera anew', async () => {
    const { store, hub, directory } = setUp({ id: 'a', online: true });
    await settle();
    hub.answer = ok([{ id: 'a', online: false }]);
    assert.deepEqual(await directory.refresh('a'), { id: 'a', online: false });
    assert.equal(store.get().devices[0].online, false);
    assert.equal(await directory.refresh('b'), null);
  });
});

describe('Directory without a hub', () => {
  function setUpLocal() {
    const clock = new FakeClock();
    const store = createStore({ devices: null, hub: { state: 'loading' } });
    const camera = { health: ok({ status: 'ok', device: 'cam', ptz: true }), asked: [], events: 0 };
    const directory = new Directory(store, {
      getDevices: async () => {
        camera.asked.push('list');
        return { status: 404, problem: 'unknown-route', value: null };
      },
      getHealth: async () => {
        camera.asked.push('health');
        return camera.health;
      },
      getDevice: async () => assert.fail('asked for what a camera does not know'),
      openEvents: ({ onLost }) => {
        camera.events += 1;
        queueMicrotask(onLost);
        return () => {};
      },
    }, clock);
    directory.connect();
    return { clock, store, camera, directory };
  }

  it('shows the one camera that serves the page, and looks after it', async () => {
    const { clock, store, camera, directory } = setUpLocal();
    await settle();
    assert.deepEqual(store.get().devices, [{ id: 'cam', online: true, live: true, ptz: true }]);
    assert.deepEqual(store.get().hub, { state: 'ok', local: true });
    camera.asked = [];
    await clock.run(12000);
    assert.deepEqual([camera.asked, camera.events], [['health', 'health', 'health'], 1]);
    assert.equal((await directory.refresh('cam')).live, true);
    camera.health = nobody;
    await clock.run(4000);
    assert.deepEqual(store.get().hub, { state: 'lost', retryIn: 1, local: true });
    assert.equal(await directory.refresh('cam'), null);
    camera.health = ok({ device: 'cam' });
    await clock.run(4000);
    assert.deepEqual(store.get().hub, { state: 'ok', local: true });
  });

  it('takes an unknown list for what it is when nobody says who he is', async () => {
    const { store, camera } = setUpLocal();
    camera.health = ok({ status: 'ok' });
    await settle();
    assert.deepEqual([store.get().devices, store.get().hub.state], [null, 'loading']);
  });
});
