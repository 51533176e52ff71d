/**
 * MessagePack, as much of it as streams carry. A bin is a Uint8Array; an integer that a number cannot hold is a BigInt.
 */

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** @returns {Uint8Array}  `value` packed; integers in their shortest form, other numbers as double */
export function encode(value) {
  const out = new Writer();
  write(out, value);
  return out.bytes();
}

/** @returns {*}  the one value that `bytes` hold; throws RangeError when they are not exactly one */
export function decode(bytes) {
  const input = new Reader(bytes);
  const value = read(input, 0);
  if (input.at !== bytes.length) throw new RangeError('more than one value');
  return value;
}

const maxNesting = 32;

class Writer {
  #buffer = new Uint8Array(64);
  #view = new DataView(this.#buffer.buffer);
  #size = 0;

  #room(count) {
    const needed = this.#size + count;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
      grown.set(this.#buffer);
      this.#buffer = grown;
      this.#view = new DataView(grown.buffer);
    }
    const at = this.#size;
    this.#size = needed;
    return at;
  }

  /** A first byte and what `set` puts behind it in `count` bytes. */
  put(first, count = 0, set = () => {}) {
    const at = this.#room(1 + count);
    this.#buffer[at] = first;
    set(this.#view, at + 1);
  }

  raw(bytes) {
    const at = this.#room(bytes.length);  // may bring another buffer
    this.#buffer.set(bytes, at);
  }

  bytes() {
    return this.#buffer.slice(0, this.#size);
  }
}

function write(out, value) {
  if (value === null || value === undefined) out.put(0xc0);
  else if (typeof value === 'boolean') out.put(value ? 0xc3 : 0xc2);
  else if (Number.isSafeInteger(value) && !Object.is(value, -0)) writeInteger(out, BigInt(value));
  else if (typeof value === 'number') out.put(0xcb, 8, (view, at) => view.setFloat64(at, value));
  else if (typeof value === 'bigint') writeInteger(out, value);
  else if (typeof value === 'string') writeText(out, value);
  else if (value instanceof ArrayBuffer) writeBin(out, new Uint8Array(value));
  else if (ArrayBuffer.isView(value)) writeBin(out, new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  else if (Array.isArray(value)) {
    writeLength(out, value.length, 0x90, 16, 0xdc);
    value.forEach((one) => write(out, one));
  } else if (typeof value === 'object') {
    const pairs = value instanceof Map ? [...value] : Object.entries(value);
    writeLength(out, pairs.length, 0x80, 16, 0xde);
    for (const [key, one] of pairs) {
      write(out, key);
      write(out, one);
    }
  } else throw new TypeError(`a ${typeof value} cannot be packed`);
}

function writeInteger(out, value) {
  if (value < -(2n ** 63n) || value >= 2n ** 64n) throw new RangeError('the integer is too large');
  const small = Number(value);
  if (value >= 0n) {
    if (small < 0x80) out.put(small);
    else if (small <= 0xff) out.put(0xcc, 1, (view, at) => view.setUint8(at, small));
    else if (small <= 0xffff) out.put(0xcd, 2, (view, at) => view.setUint16(at, small));
    else if (small <= 0xffffffff) out.put(0xce, 4, (view, at) => view.setUint32(at, small));
    else out.put(0xcf, 8, (view, at) => view.setBigUint64(at, value));
  } else if (small >= -32) out.put(small & 0xff);
  else if (small >= -0x80) out.put(0xd0, 1, (view, at) => view.setInt8(at, small));
  else if (small >= -0x8000) out.put(0xd1, 2, (view, at) => view.setInt16(at, small));
  else if (small >= -0x80000000) out.put(0xd2, 4, (view, at) => view.setInt32(at, small));
  else out.put(0xd3, 8, (view, at) => view.setBigInt64(at, value));
}

/** A length that fits into the first byte, or into 16 or 32 bits behind it. */
function writeLength(out, length, short, limit, wide) {
  if (length < limit) out.put(short | length);
  else if (length <= 0xffff) out.put(wide, 2, (view, at) => view.setUint16(at, length));
  else out.put(wide + 1, 4, (view, at) => view.setUint32(at, length));
}

function writeText(out, value) {
  const bytes = utf8.encode(value);
  if (bytes.length >= 32 && bytes.length <= 0xff) out.put(0xd9, 1, (view, at) => view.setUint8(at, bytes.length));
  else writeLength(out, bytes.length, 0xa0, 32, 0xda);
  out.raw(bytes);
}

function writeBin(out, bytes) {
  if (bytes.length <= 0xff) out.put(0xc4, 1, (view, at) => view.setUint8(at, bytes.length));
  else writeLength(out, bytes.length, 0, 0, 0xc5);
  out.raw(bytes);
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  /** @returns {number}  where `count` bytes begin that are there */
  take(count) {
    if (count > this.bytes.length - this.at) throw new RangeError('the value is cut off');
    const begin = this.at;
    this.at += count;
    return begin;
  }

  slice(count) {
    const begin = this.take(count);
    return this.bytes.slice(begin, begin + count);
  }

  length(width) {
    const at = this.take(width);
    return width === 1 ? this.view.getUint8(at) : width === 2 ? this.view.getUint16(at) : this.view.getUint32(at);
  }
}

const asNumber = (wide) => (wide >= Number.MIN_SAFE_INTEGER && wide <= Number.MAX_SAFE_INTEGER ? Number(wide) : wide);

/** What the first bytes 0xc0 to 0xdf begin. */
const forms = new Map([
  [0xc0, () => null], [0xc2, () => false], [0xc3, () => true],
  [0xc4, (input) => input.slice(input.length(1))], [0xc5, (input) => input.slice(input.length(2))], [0xc6, (input) => input.slice(input.length(4))],
  [0xca, (input) => input.view.getFloat32(input.take(4))], [0xcb, (input) => input.view.getFloat64(input.take(8))],
  [0xcc, (input) => input.length(1)], [0xcd, (input) => input.length(2)], [0xce, (input) => input.length(4)],
  [0xcf, (input) => asNumber(input.view.getBigUint64(input.take(8)))],
  [0xd0, (input) => input.view.getInt8(input.take(1))], [0xd1, (input) => input.view.getInt16(input.take(2))],
  [0xd2, (input) => input.view.getInt32(input.take(4))], [0xd3, (input) => asNumber(input.view.getBigInt64(input.take(8)))],
  [0xd9, (input) => text.decode(input.slice(input.length(1)))], [0xda, (input) => text.decode(input.slice(input.length(2)))],
  [0xdb, (input) => text.decode(input.slice(input.length(4)))],
  [0xdc, (input, depth) => readArray(input, input.length(2), depth)], [0xdd, (input, depth) => readArray(input, input.length(4), depth)],
  [0xde, (input, depth) => readMap(input, input.length(2), depth)], [0xdf, (input, depth) => readMap(input, input.length(4), depth)],
]);

function read(input, depth) {
  if (depth > maxNesting) throw new RangeError('containers lie too deep');
  const first = input.length(1);
  if (first < 0x80) return first;
  if (first >= 0xe0) return first - 0x100;
  if (first < 0x90) return readMap(input, first & 15, depth);
  if (first < 0xa0) return readArray(input, first & 15, depth);
  if (first < 0xc0) return text.decode(input.slice(first & 31));
  const form = forms.get(first);
  if (!form) throw new RangeError(`0x${first.toString(16)} begins no value that streams carry`);
  return form(input, depth);
}

function readArray(input, count, depth) {
  if (count > input.bytes.length - input.at) throw new RangeError('the value is cut off');
  return Array.from({ length: count }, () => read(input, depth + 1));
}

function readMap(input, count, depth) {
  const map = Object.create(null);
  for (let i = 0; i < count; ++i) {
    const key = read(input, depth + 1);
    map[String(key)] = read(input, depth + 1);
  }
  return map;
}
