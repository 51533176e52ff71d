import assert from 'node:assert/strict';
import { beforeEach, describe, it, mock } from 'node:test';
import { decode, encode } from '../msgpack.js';
import { GosWsDataApi } from '../streams.js';

/** The device's end is the test. */
class FakeSocket {
  static all = [];
  readyState = 0;
  sent = [];

  constructor(url) {
    this.url = url;
    FakeSocket.all.push(this);
  }

  accept() {
    this.readyState = 1;
    this.onopen?.();
  }
  send(bytes) {
    this.sent.push(decode(bytes));
  }
  say(message) {
    this.onmessage?.({ data: encode(message).buffer });
  }
  close() {
    this.readyState = 3;
    this.onclose?.();
  }
}

const last = () => FakeSocket.all.at(-1);
const settled = () => new Promise((resolve) => { setImmediate(resolve); });

let api;
beforeEach(() => {
  FakeSocket.all = [];
  api = GosWsDataApi({ WebSocket: FakeSocket });
});

function connected() {
  api.open('camera');
  last().accept();
  return last();
}

describe('the stream client', () => {
  it('connects to /appdata and says how far it is', () => {
    const seen = [];
    api.onConnected = () => seen.push('connected');
    api.onDisconnected = () => seen.push('disconnected');
    assert.equal(api.isConnecting(), false);
    api.open('camera:8080');
    assert.equal(last().url, 'ws://camera:8080/appdata');
    assert.deepEqual([api.isConnected(), api.isConnecting()], [false, true]);
    last().accept();
    assert.deepEqual([api.isConnected(), api.isConnecting()], [true, false]);
    api.open('wss://other');
    assert.equal(last().url, 'wss://other/appdata');
    api.close();
    assert.deepEqual(seen, ['connected', 'disconnected']);
    assert.deepEqual([api.isConnected(), api.isConnecting()], [false, false]);
  });

  it('numbers requests from 0 and gives each handler its answer', () => {
    const socket = connected();
    const results = [];
    api.list((...result) => results.push(result));
    api.read('settings', (...result) => results.push(result));
    api.write('msg', 'hi', (...result) => results.push(result), 100);
    api.write('image', 1);
    assert.deepEqual(socket.sent.map((message) => ({ ...message })), [
      { id: 0, method: 'list' }, { id: 1, method: 'read', stream: 'settings' },
      { id: 2, method: 'write', stream: 'msg', data: 'hi' }, { method: 'write', stream: 'image', data: 1 }]);
    socket.say({ id: 2, code: 3 });
    socket.say({ id: 0, code: 1, data: ['settings'] });
    socket.say({ id: 1, code: 2, msg: 'busy' });
    socket.say({ id: 1, code: 1 });  // nobody waits any more
    assert.deepEqual(results, [[false, 'there is no such stream'], [true, ['settings']], [false, 'busy']]);
  });

  it('serves the streams of the page', async () => {
    const socket = connected();
    const written = [];
    api.register('name', (data) => (data === undefined ? 'page' : written.push(data)));
    api.register('broken', () => { throw new Error('not now'); });
    socket.say({ id: 0, method: 'list' });
    socket.say({ id: 1, method: 'read', stream: 'name' });
    socket.say({ id: 2, method: 'write', stream: 'name', data: 5 });
    socket.say({ method: 'write', stream: 'name', data: 6 });
    socket.say({ id: 3, method: 'read', stream: 'broken' });
    socket.say({ id: 4, method: 'read', stream: 'none' });
    socket.say({ id: 5, method: 'read' });
    socket.say({ id: 6, method: 'dance' });
    socket.onmessage({ data: new Uint8Array([0xc1]).buffer });
    socket.onmessage({ data: 'text' });
    await settled();
    assert.deepEqual(socket.sent.map((message) => ({ ...message })).sort((a, b) => a.id - b.id), [
      { id: 0, code: 1, data: ['name', 'broken'] }, { id: 1, code: 1, data: 'page' }, { id: 2, code: 1 },
      { id: 3, code: 2, msg: 'not now' }, { id: 4, code: 3 }, { id: 5, code: 4 }, { id: 6, code: 5 }]);
    assert.deepEqual(written, [5, 6]);
    api.unregister('name');
    socket.say({ id: 7, method: 'read', stream: 'name' });
    await settled();
    assert.equal(socket.sent.at(-1).code, 3);
    assert.throws(() => api.register('x', null), TypeError);
  });

  it('gives up on an answer, and on all of them when the connection ends', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const socket = connected();
    const results = [];
    api.read('a', (...result) => results.push(result), 100);
    api.read('b', (...result) => results.push(result));
    t.mock.timers.tick(100);
    assert.deepEqual(results, [[false, 'no answer in time']]);
    socket.close();
    assert.deepEqual(results[1], [false, 'the connection is lost']);
    api.read('c', (...result) => results.push(result));
    assert.deepEqual(results[2], [false, 'not connected']);
  });

  it('comes back every 3 s until it is closed', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    connected().close();
    t.mock.timers.tick(2999);
    assert.equal(FakeSocket.all.length, 1);
    t.mock.timers.tick(1);
    assert.equal(FakeSocket.all.length, 2);
    last().close();
    t.mock.timers.tick(3000);
    assert.equal(FakeSocket.all.length, 3);
    api.close();
    t.mock.timers.tick(10000);
    assert.equal(FakeSocket.all.length, 3);
    mock.reset();
  });
});
