import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decode, encode } from '../msgpack.js';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const from = (text) => new Uint8Array(Buffer.from(text, 'hex'));

/** Value and bytes, both ways. */
const pairs = [
  [null, 'c0'], [false, 'c2'], [true, 'c3'], [0, '00'], [127, '7f'], [128, 'cc80'], [256, 'cd0100'], [65536, 'ce00010000'],
  [2 ** 32, 'cf0000000100000000'], [-1, 'ff'], [-32, 'e0'], [-33, 'd0df'], [-129, 'd1ff7f'], [-32769, 'd2ffff7fff'],
  [-(2 ** 31) - 1, 'd3ffffffff7fffffff'], [1.5, 'cb3ff8000000000000'], [2n ** 63n, 'cf8000000000000000'], ['', 'a0'], ['hé', 'a368c3a9'],
  ['x'.repeat(32), `d920${'78'.repeat(32)}`], [[1, [2]], '92019102'],
];

describe('MessagePack', () => {
  for (const [value, bytes] of pairs)
    it(`packs and reads ${typeof value} ${bytes.slice(0, 12)}`, () => {
      assert.equal(hex(encode(value)), bytes);
      assert.deepEqual(decode(from(bytes)), value);
    });

  it('packs and reads maps and bins', () => {
    const bytes = encode({ method: 'write', stream: 'image', data: new Uint8Array([0xff, 0xd8, 0xff, 0xd9]) });
    assert.equal(hex(bytes), '83a66d6574686f64a57772697465a673747265616da5696d616765a464617461c404ffd8ffd9');
    assert.deepEqual(decode(bytes).data, new Uint8Array([0xff, 0xd8, 0xff, 0xd9]));
    assert.equal(hex(encode(new Uint8Array(70000)).slice(0, 5)), 'c600011170');
    assert.equal(decode(encode(new Uint8Array(70000))).length, 70000);
  });

  it('reads lengths of every width', () => {
    for (const text of ['a'.repeat(300), 'b'.repeat(70000)]) assert.equal(decode(encode(text)), text);
    for (const count of [16, 70000]) assert.equal(decode(encode(Array(count).fill(null))).length, count);
    assert.equal(decode(from('ca3fc00000')), 1.5);
  });

  it('keeps a key that objects have by nature', () => {
    assert.deepEqual(Object.keys(decode(from('81a95f5f70726f746f5f5f01'))), ['__proto__']);
  });

  it('refuses what is not exactly one value', () => {
    for (const bytes of ['', 'c1', 'c0c0', 'a2aa', 'dd7fffffff', 'c6ffffffff00', '91'.repeat(40) + 'c0', 'd40100'])
      assert.throws(() => decode(from(bytes)), RangeError, bytes);
    assert.throws(() => encode(() => {}), TypeError);
    assert.throws(() => encode(2n ** 64n), RangeError);
  });
});
