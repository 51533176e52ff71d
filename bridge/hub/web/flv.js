/** Cutting FLV into tags, and deciding which of them the player gets. No DOM; runs in Node. */

/** The three tag types of an FLV file. */
export const TagType = Object.freeze({ audio: 8, video: 9, script: 18 });

const fileHeaderBytes = 13; // 9 bytes and the first previous-tag size
const tagHeaderBytes = 11;
const maxTagBytes = 16 * 1024 * 1024; // the size field allows no more

/** The bytes are no FLV. The stream cannot be read on from here. */
export class FlvError extends Error {}

function concat(parts) {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** Cuts a byte stream, arriving in pieces of any size, into whole tags. */
export class FlvCutter {
  #rest = new Uint8Array(0);
  #headerSeen = false;

  /**
   * @param {Uint8Array} bytes  the next bytes of the stream
   * @returns {{type: number, timestamp: number, body: Uint8Array, bytes: Uint8Array}[]}  the tags that are now whole:
   *   `timestamp` in ms, `bytes` = tag header, body and previous-tag size. They are views of the input where possible.
   * @throws {FlvError}
   */
  push(bytes) {
    const data = this.#rest.length ? concat([this.#rest, bytes]) : bytes;
    let at = 0;
    if (!this.#headerSeen) {
      if (data.length < fileHeaderBytes) {
        this.#rest = data.slice();
        return [];
      }
      if (data[0] !== 0x46 || data[1] !== 0x4c || data[2] !== 0x56) throw new FlvError('no FLV header');
      this.#headerSeen = true;
      at = fileHeaderBytes;
    }
    const tags = [];
    for (;;) {
      const size = tagSize(data, at);
      if (size === 0 || at + size > data.length) break;
      tags.push(readTag(data.subarray(at, at + size)));
      at += size;
    }
    this.#rest = data.slice(at);
    return tags;
  }
}

// Bytes of the tag at `at` with its previous-tag size; 0 while its header is not whole.
function tagSize(data, at) {
  if (data.length - at < tagHeaderBytes) return 0;
  if (!Object.values(TagType).includes(data[at])) throw new FlvError(`tag type ${data[at]}`);
  const body = (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3];
  if (body > maxTagBytes) throw new FlvError('tag too large');
  return tagHeaderBytes + body + 4;
}

function readTag(bytes) {
  // The fourth byte is the highest one, so that old readers see the lower 24 bits in order.
  const timestamp = ((bytes[7] << 24) | (bytes[4] << 16) | (bytes[5] << 8) | bytes[6]) >>> 0;
  return { type: bytes[0], timestamp, body: bytes.subarray(tagHeaderBytes, bytes.length - 4), bytes };
}

const hex = (value) => value.toString(16).padStart(2, '0');
const fourcc = (body) => String.fromCharCode(...body.subarray(1, 5));

// Codec strings for MediaSource; where the tag does not say the profile, the commonest one stands for it.
const videoByFourcc = {
  avc1: { name: 'H.264', codec: null }, // mpegts.js reads H.264 only from the older tag layout
  hvc1: { name: 'H.265', codec: 'hvc1.1.6.L93.B0' },
  av01: { name: 'AV1', codec: 'av01.0.08M.08' },
  vp09: { name: 'VP9', codec: null }, // mpegts.js does not read VP9 from FLV
};
const videoById = { 2: { name: 'H.263', codec: null }, 7: { name: 'H.264', codec: 'avc1.640028' }, 12: videoByFourcc.hvc1 };

/**
 * @param {Uint8Array} body  of a video tag
 * @returns {{config: boolean, key: boolean, coded: boolean, video: {name: string, codec: string|null}}}
 *   `name` is for people; `codec` is for MediaSource, null for what no player takes
 */
export function readVideo(body) {
  const key = ((body[0] >> 4) & 7) === 1;
  if (body[0] & 0x80) { // enhanced FLV: packet type, then a four-character code
    const packet = body[0] & 0x0f;
    const name = fourcc(body);
    const video = videoByFourcc[name] ?? { name, codec: null };
    return { config: packet === 0, key, coded: packet === 1 || packet === 3, video };
  }
  const id = body[0] & 0x0f;
  const known = videoById[id] ?? { name: `codec ${id}`, codec: null };
  if (id !== 7 && id !== 12) return { config: false, key, coded: true, video: known };
  const config = body[1] === 0;
  // The AVC record: version, profile, compatibility, level.
  const codec = config && id === 7 && body.length > 8 ? `avc1.${hex(body[6])}${hex(body[7])}${hex(body[8])}` : known.codec;
  return { config, key, coded: body[1] === 1, video: { name: known.name, codec } };
}

/**
 * @param {Uint8Array} body  of an audio tag
 * @returns {{kind: 'player'|'g711'|'none', config: boolean, law: 'a'|'u'|null, channels: number}}
 *   who can play it: the player (AAC, MP3, Opus, FLAC), our own G.711 decoder, or nobody
 */
export function readSound(body) {
  const format = body[0] >> 4;
  const channels = (body[0] & 1) + 1;
  if (format === 10) return { kind: 'player', config: body[1] === 0, law: null, channels };
  if (format === 2) return { kind: 'player', config: false, law: null, channels };
  if (format === 7 || format === 8) return { kind: 'g711', config: false, law: format === 7 ? 'a' : 'u', channels };
  if (format === 9 && ['Opus', 'fLaC'].includes(fourcc(body))) {
    return { kind: 'player', config: (body[0] & 0x0f) === 0, law: null, channels };
  }
  return { kind: 'none', config: false, law: null, channels };
}

// Sound of the player that falls this far behind the picture has ended; MSE would wait for it and stop the picture.
const soundLostMs = 3000;

// A recording whose timestamps jump by more than this lacks a part; the player would show one picture all the while.
const holeMs = 2000;
const afterHoleMs = 40;

function retimed(tag, timestamp) {
  const bytes = tag.bytes.slice();
  bytes.set([timestamp >> 16, timestamp >> 8, timestamp, timestamp >> 24], 4);
  return { ...tag, timestamp, bytes };
}

/**
 * One stream on its way to the player. Holds everything back until the first key frame, because by then it is known
 * whether the player gets sound, and the player cannot change that later. Sound that the player cannot take is left out.
 */
export class FlvFeed {
  #cutter = new FlvCutter();
  #held = [];
  #started = false;
  #headerSent = false;
  #firstSound = Infinity;
  #soundSeen = 0;
  #playerSound;
  #kind;
  #last = null;
  #shift = 0;

  /** The newest video configuration seen; null before the first. */
  video = null;
  /** @type {'unknown'|'player'|'g711'|'none'} who plays the sound; `unknown` before the first audio tag */
  sound = 'unknown';
  /** Timestamp in ms that the player shows as its time 0; null before the first key frame. */
  base = null;
  /** Timestamp in ms of the newest video tag; null before the first. */
  newest = null;
  /** The stream has changed in a way the player cannot follow: begin again, with this as the next `expectSound`. */
  restart = null;
  /** Of a recording: what it lacks, `{at, ms}` in order; from timestamp `at` (as the player gets it) on, `ms` are left out. */
  holes = [];

  /**
   * @param {boolean|null} expectSound  whether the player gets sound; null = as the first tags say
   * @param {'live'|'recording'|'keys'} kind  `recording` closes holes in time; `keys` is a recording of key frames
   *   alone, without sound
   */
  constructor(expectSound = null, kind = 'live') {
    this.#playerSound = kind === 'keys' ? false : expectSound;
    this.#kind = kind;
  }

  /** Whether the player gets sound. Fixed from the first key frame on. */
  get playerSound() {
    return this.#playerSound === true;
  }

  /**
   * @param {Uint8Array} bytes  the next bytes of the stream
   * @returns {{player: Uint8Array|null, g711: {timestamp: number, law: 'a'|'u', channels: number, data: Uint8Array}[]}}
   *   what goes to the player now, and G.711 sound in order
   * @throws {FlvError}
   */
  push(bytes) {
    const g711 = [];
    for (const cut of this.#cutter.push(bytes)) {
      const tag = this.#kind === 'live' ? cut : this.#closeHole(cut);
      if (tag.type === TagType.audio) this.#audio(tag, g711);
      else if (tag.type === TagType.video) this.#video(tag);
      else this.#held.push(tag);
    }
    return { player: this.#started ? this.#take() : null, g711 };
  }

  #closeHole(tag) {
    const missing = this.#last === null || tag.type === TagType.script ? 0 : tag.timestamp - this.#last;
    if (missing > holeMs) {
      this.#shift += missing - afterHoleMs;
      this.holes.push({ at: tag.timestamp - this.#shift, ms: missing - afterHoleMs });
    }
    if (tag.type !== TagType.script) this.#last = Math.max(this.#last ?? 0, tag.timestamp);
    return this.#shift ? retimed(tag, Math.max(0, tag.timestamp - this.#shift)) : tag;
  }

  #audio(tag, g711) {
    if (tag.body.length < 2 || this.#kind === 'keys') return;
    const sound = readSound(tag.body);
    const dropped = sound.kind === 'player' && this.#playerSound === false;
    this.sound = dropped ? 'none' : sound.kind;
    if (dropped) return;
    if (sound.kind === 'g711') {
      g711.push({ timestamp: tag.timestamp, law: sound.law, channels: sound.channels, data: tag.body.subarray(1) });
    } else if (sound.kind === 'player') {
      if (this.#started && !this.playerSound) {
        this.restart = { expectSound: true };
        return;
      }
      if (!sound.config) {
        this.#firstSound = Math.min(this.#firstSound, tag.timestamp);
        this.#soundSeen = tag.timestamp;
      }
      this.#held.push(tag);
    }
  }

  #video(tag) {
    if (tag.body.length < 2) return;
    const { config, key, coded, video } = readVideo(tag.body);
    if (config || !this.video) this.video = video;
    if (!config && (!coded || (this.#kind === 'keys' && !key))) return;
    if (coded) {
      if (!this.#started && !key) return;
      this.newest = tag.timestamp;
      if (!this.#started) this.#start(tag);
      if (this.playerSound && tag.timestamp - this.#soundSeen > soundLostMs) this.restart = { expectSound: false };
    }
    this.#held.push(tag);
  }

  #start(key) {
    this.#started = true;
    if (this.#playerSound === null && this.sound === 'player') this.#playerSound = true;
    this.#soundSeen = key.timestamp;
    this.base = Math.min(key.timestamp, this.#firstSound);
  }

  #take() {
    if (!this.#held.length) return null;
    const parts = this.#held.map((tag) => tag.bytes);
    if (!this.#headerSent) {
      this.#headerSent = true;
      const flags = this.playerSound ? 5 : 1;
      parts.unshift(Uint8Array.of(0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0));
    }
    this.#held = [];
    return concat(parts);
  }
}
