import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FlvCutter, FlvError, FlvFeed, readSound, readVideo } from '../../bridge/hub/web/flv.js';
import {
  aLaw, aac, aacConfig, avcConfig, delta, fileHeader, join, key, metadata, muLaw, speex, tag,
} from './flv-bytes.js';

const start = (...more) => join(fileHeader, metadata(), avcConfig(), ...more);
const typesOf = (bytes) => new FlvCutter().push(bytes).map(({ type, timestamp }) => [type, timestamp]);

describe('FlvCutter', () => {
  it('gives tags with timestamps of 32 bits', () => {
    const tags = new FlvCutter().push(join(fileHeader, key(0x81020304)));
    assert.deepEqual(tags.map(({ type, timestamp }) => [type, timestamp]), [[9, 0x81020304]]);
    assert.deepEqual([...tags[0].body], [0x17, 1, 0, 0, 0, 0xaa]);
  });

  it('joins a stream that arrives byte by byte', () => {
    const cutter = new FlvCutter();
    const tags = [...start(key(40), delta(80))].flatMap((byte) => cutter.push(Uint8Array.of(byte)));
    assert.deepEqual(tags.map(({ timestamp }) => timestamp), [0, 0, 40, 80]);
    assert.deepEqual(join(...tags.map(({ bytes }) => bytes)), start(key(40), delta(80)).slice(fileHeader.length));
  });

  it('refuses what is no FLV', () => {
    assert.throws(() => new FlvCutter().push(new TextEncoder().encode('<!doctype html>')), FlvError);
  });

  it('refuses a tag of an unknown type', () => {
    assert.throws(() => new FlvCutter().push(join(fileHeader, tag(7, 0, 1, 2))), FlvError);
  });
});

describe('readVideo', () => {
  it('reads the H.264 profile from the configuration', () => {
    const [{ body }] = new FlvCutter().push(join(fileHeader, avcConfig()));
    assert.deepEqual(readVideo(body), { config: true, key: true, coded: false, video: { name: 'H.264', codec: 'avc1.42c01e' } });
  });

  it('reads enhanced FLV', () => {
    const body = Uint8Array.of(0x90, ...new TextEncoder().encode('hvc1'), 1);
    assert.deepEqual(readVideo(body), { config: true, key: true, coded: false, video: { name: 'H.265', codec: 'hvc1.1.6.L93.B0' } });
  });

  it('names a codec that it does not know', () => {
    assert.deepEqual(readVideo(Uint8Array.of(0x14, 0)).video, { name: 'codec 4', codec: null });
  });
});

describe('readSound', () => {
  it('tells who can play a format', () => {
    const kinds = { 0xaf: 'player', 0x2f: 'player', 0x72: 'g711', 0x82: 'g711', 0xb2: 'none', 0x3e: 'none' };
    for (const [byte, kind] of Object.entries(kinds)) assert.equal(readSound(Uint8Array.of(byte, 1)).kind, kind);
  });

  it('tells A-law from mu-law and counts channels', () => {
    assert.deepEqual(readSound(Uint8Array.of(0x72, 1)), { kind: 'g711', config: false, law: 'a', channels: 1 });
    assert.deepEqual(readSound(Uint8Array.of(0x83, 1)), { kind: 'g711', config: false, law: 'u', channels: 2 });
  });
});

describe('FlvFeed', () => {
  it('holds back everything until the first key frame', () => {
    const feed = new FlvFeed();
    assert.equal(feed.push(start(aacConfig(), delta(0))).player, null);
    const { player } = feed.push(key(40));
    assert.deepEqual(typesOf(player), [[18, 0], [9, 0], [8, 0], [9, 40]]);
    assert.equal(feed.base, 40);
  });

  it('keeps the sound flag for AAC', () => {
    const feed = new FlvFeed();
    const { player } = feed.push(start(aacConfig(), key(40), aac(41)));
    assert.equal(player[4], 5);
    assert.equal(feed.sound, 'player');
    assert.equal(feed.playerSound, true);
  });

  it('starts its clock at the earliest sound', () => {
    const feed = new FlvFeed();
    feed.push(start(aacConfig(), aac(20), key(40)));
    assert.equal(feed.base, 20);
  });

  for (const [law, make] of [['a', aLaw], ['u', muLaw]]) {
    it(`takes G.711 (${law}-law) out and clears the sound flag`, () => {
      const feed = new FlvFeed();
      const { player, g711 } = feed.push(start(key(40), make(50, 0xd5, 0x55), delta(80)));
      assert.equal(player[4], 1);
      assert.deepEqual(typesOf(player), [[18, 0], [9, 0], [9, 40], [9, 80]]);
      assert.deepEqual(g711, [{ timestamp: 50, law, channels: 1, data: Uint8Array.of(0xd5, 0x55) }]);
      assert.equal(feed.sound, 'g711');
    });
  }

  it('takes unknown sound out', () => {
    const feed = new FlvFeed();
    const { player, g711 } = feed.push(start(speex(0), key(40), speex(60)));
    assert.deepEqual(typesOf(player), [[18, 0], [9, 0], [9, 40]]);
    assert.deepEqual([g711, feed.sound], [[], 'none']);
  });

  it('asks for a new start when sound for the player comes late', () => {
    const feed = new FlvFeed();
    feed.push(start(key(40)));
    assert.equal(feed.restart, null);
    feed.push(join(aacConfig(50), aac(50)));
    assert.deepEqual(feed.restart, { expectSound: true });
  });

  it('asks for a new start without sound when sound has ended', () => {
    const feed = new FlvFeed();
    feed.push(start(aacConfig(), key(0), aac(10), delta(2900)));
    assert.equal(feed.restart, null);
    feed.push(delta(3040));
    assert.deepEqual(feed.restart, { expectSound: false });
  });

  it('leaves sound out when told so, and shows it as none', () => {
    const feed = new FlvFeed(false);
    const { player } = feed.push(start(aacConfig(), key(0), aac(10), delta(4000)));
    assert.equal(player[4], 1);
    assert.deepEqual(typesOf(player), [[18, 0], [9, 0], [9, 0], [9, 4000]]);
    assert.deepEqual([feed.sound, feed.restart], ['none', null]);
  });

  it('gives the player an array that owns its buffer', () => {
    const { player } = new FlvFeed().push(start(key(0)));
    assert.equal(player.buffer.byteLength, player.length);
  });
});

describe('FlvFeed, of a recording', () => {
  const timestamps = (bytes) => new FlvCutter().push(bytes).filter(({ type }) => type !== 18).map(({ timestamp }) => timestamp);

  it('closes a hole in time, and says where it was', () => {
    const feed = new FlvFeed(null, 'recording');
    const { player } = feed.push(join(fileHeader, avcConfig(), key(0), delta(40), key(5040), delta(5080)));
    assert.deepEqual(timestamps(player), [0, 0, 40, 80, 120]);
    assert.deepEqual(feed.holes, [{ at: 80, ms: 4960 }]);
  });

  it('leaves a live stream as it is', () => {
    const feed = new FlvFeed(null, 'live');
    const { player } = feed.push(join(fileHeader, avcConfig(), key(0), key(5040)));
    assert.deepEqual([timestamps(player), feed.holes], [[0, 0, 5040], []]);
  });

  it('gives key frames alone and no sound for a fast look', () => {
    const feed = new FlvFeed(null, 'keys');
    const { player, g711 } = feed.push(join(fileHeader, avcConfig(), key(0), aLaw(10, 1, 2), delta(40), key(1000)));
    assert.deepEqual([timestamps(player), g711, feed.playerSound], [[0, 0, 1000], [], false]);
  });
});
