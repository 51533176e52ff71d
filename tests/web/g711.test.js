import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeG711 } from '../../bridge/hub/web/g711.js';
import { G711Sound } from '../../bridge/hub/web/g711-sound.js';

const levels = (law, ...bytes) => [...decodeG711(law, Uint8Array.from(bytes))].map((value) => value * 32768);

describe('decodeG711', () => {
  // Values of the tables of ITU-T G.711, as 16-bit samples.
  it('decodes A-law', () => {
    assert.deepEqual(levels('a', 0xd5, 0x55, 0xaa, 0x2a, 0x80, 0x00), [8, -8, 32256, -32256, 5504, -5504]);
  });

  it('decodes mu-law', () => {
    assert.deepEqual(levels('u', 0xff, 0x80, 0x00, 0xf0, 0x70), [0, 32124, -32124, 120, -120]);
  });
});

class FakeContext {
  currentTime = 100;
  state = 'running';
  destination = {};
  started = [];
  stopped = 0;

  createGain() {
    this.gain = { gain: { value: 1 }, connect() {} };
    return this.gain;
  }

  createBuffer(channels, length, rate) {
    return { channels: [], duration: length / rate, copyToChannel(data, index) { this.channels[index] = data; } };
  }

  createBufferSource() {
    const source = {
      playbackRate: { value: 1 },
      connect() {},
      start: (at) => this.started.push({ at: Number(at.toFixed(3)), rate: source.playbackRate.value, buffer: source.buffer }),
      stop: () => { this.stopped += 1; },
    };
    return source;
  }
}

const piece = { law: 'a', channels: 1, data: new Uint8Array(160) }; // 20 ms
const startsOf = (context) => context.started.map(({ at }) => at);

describe('G711Sound', () => {
  it('starts sound when its picture is due', () => {
    const context = new FakeContext();
    const sound = new G711Sound(context);
    sound.push(5, piece);
    sound.pump(4.9, 1);
    assert.deepEqual(startsOf(context), [100.1]);
  });

  it('waits with what is not due soon', () => {
    const context = new FakeContext();
    const sound = new G711Sound(context);
    sound.push(5, piece);
    sound.pump(4, 1);
    assert.deepEqual(startsOf(context), []);
    sound.pump(4.7, 1);
    assert.deepEqual(startsOf(context), [100.3]);
  });

  it('joins pieces without a seam when they are a little off', () => {
    const context = new FakeContext();
    const sound = new G711Sound(context);
    sound.push(5, piece);
    sound.push(5.03, piece);
    sound.pump(5, 1);
    assert.deepEqual(startsOf(context), [100, 100.02]);
  });

  it('leaves a gap where the stream has one', () => {
    const context = new FakeContext();
    const sound = new G711Sound(context);
    sound.push(5, piece);
    sound.push(5.2, piece);
    sound.pump(5, 1);
    assert.deepEqual(startsOf(context), [100, 100.2]);
  });

  it('leaves out what comes too late', () => {
    const context = new FakeContext();
    const sound = new G711Sound(context);
    sound.push(4, piece);
    sound.push(5, piece);
    sound.pump(5, 1);
    assert.deepEqual(startsOf(context), [100]);
  });

  it('follows the speed of the picture', () => {
    const context = new FakeContext();
    const sound = new G711Sound(context);
    sound.push(5.21, piece);
    sound.pump(5, 1.05);
    assert.deepEqual(context.started.map(({ at, rate }) => [at, rate]), [[100.2, 1.05]]);
  });

  it('is silent while the picture stands', () => {
    const context = new FakeContext();
    const sound = new G711Sound(context);
    sound.push(5, piece);
    sound.pump(5, 1);
    sound.pump(5.01, 0);
    assert.equal(context.stopped, 1);
  });

  it('takes two channels apart', () => {
    const context = new FakeContext();
    const sound = new G711Sound(context);
    sound.push(5, { law: 'u', channels: 2, data: Uint8Array.of(0x80, 0x00, 0x80, 0x00) });
    sound.pump(5, 1);
    const [left, right] = context.started[0].buffer.channels;
    assert.deepEqual([...left, ...right].map(Math.sign), [1, 1, -1, -1]);
  });

  it('says when the browser holds it back, and hands nothing over then', () => {
    const context = new FakeContext();
    context.state = 'suspended';
    const sound = new G711Sound(context);
    sound.push(5, piece);
    sound.pump(5, 1);
    assert.deepEqual([sound.held, startsOf(context)], [true, []]);
  });

  it('is off until it is switched on', () => {
    const context = new FakeContext();
    const sound = new G711Sound(context);
    assert.equal(context.gain.gain.value, 0);
    sound.setOn(true);
    assert.equal(context.gain.gain.value, 1);
  });
});
