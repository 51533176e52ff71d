/** The fixture hub's recordings: segments of a minute made of a looping clip, with gaps and their reasons. */

import { FlvCutter, TagType, readSound, readVideo } from '../../bridge/hub/web/flv.js';

const minute = 60000;
const header = Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0);
const utc = (time) => new Date(time).toISOString();

const isConfig = (tag) => tag.type === TagType.script
  || (tag.type === TagType.video && readVideo(tag.body).config)
  || (tag.type === TagType.audio && readSound(tag.body).config);
const isKey = (tag) => tag.type === TagType.video && readVideo(tag.body).key && !isConfig(tag);

function retimed(tag, timestamp) {
  const bytes = Buffer.from(tag.bytes);
  bytes.set([timestamp >> 16, timestamp >> 8, timestamp, timestamp >> 24], 4);
  return bytes;
}

/** Movement in the middle of a stretch: taller bars there. */
const lively = (time, start, end) => Math.round(900000 * (1 + 4 * Math.exp(-(((time - (start + end) / 2) / (12 * minute)) ** 2))
  + 0.4 * Math.sin(time / (7 * minute)) ** 2));

/**
 * @param {number} start  ms
 * @param {number} end  ms
 * @param {(time: number, start: number, end: number) => number} bytes  of the segment at that time
 * @returns {object[]}  segments of a minute, as the hub lists them
 */
export function segmentsOf(start, end, bytes = lively) {
  const list = [];
  for (let at = start; at < end; at += minute) {
    const till = Math.min(at + minute - 40, end);
    list.push({ start: at, end: till, bytes: Math.round(bytes(at, start, end) * (till - at) / minute) });
  }
  return list;
}

/** Everything one camera of the fixture hub has recorded. */
export class Recording {
  #heads;
  #media;
  #length;

  /**
   * @param {Uint8Array} clip  an FLV whose pictures repeat without end; the picture does not know the time
   * @param {{segments: object[], gaps?: object[]|null}} what  times in ms; `gaps` null for a hub that does not name any
   * @param {{damaged?: {start: number, end: number}}} more  a stretch that the hub cannot read and leaves out
   */
  constructor(clip, { segments, gaps = [] }, { damaged = null } = {}) {
    this.segments = segments;
    this.gaps = gaps;
    this.damaged = damaged;
    const tags = new FlvCutter().push(clip);
    this.#heads = tags.filter(isConfig);
    const media = tags.filter((tag) => !isConfig(tag) && tag.body.length > 5);
    const first = media.find(isKey).timestamp;
    this.#media = media.filter(({ timestamp }) => timestamp >= first).map((tag) => ({ tag, at: tag.timestamp - first }));
    this.#length = this.#media.at(-1).at + 40;
  }

  /** @returns {object} as in `/api/devices` */
  get summary() {
    const bytes = this.segments.reduce((sum, segment) => sum + segment.bytes, 0);
    return { from: utc(this.segments[0].start), to: utc(this.segments.at(-1).end), bytes, state: 'on', max_age_s: 604800 };
  }

  list(device, from, to) {
    const touching = ({ start, end }) => end >= from && start < to;
    const out = ({ start, end, ...more }) => ({ start: utc(start), end: utc(end), ...more });
    const segments = this.segments.filter(touching).map((one) => ({ ...out(one), duration_ms: one.end - one.start }));
    return { device, segments, ...(this.gaps && { gaps: this.gaps.filter(touching).map(out) }) };
  }

  /** @returns {number|null}  the key frame's time at or before `time`, in what is recorded at or after it */
  keyBefore(time) {
    const segment = this.segments.find(({ end }) => end > time);
    if (!segment) return null;
    const at = Math.max(time, segment.start);
    return Math.max(segment.start, at - at % 1000);
  }

  /** The one key frame at or before `time`, as a whole FLV. */
  keyFrame(time) {
    const { tag } = this.#media.findLast(({ tag: one, at }) => isKey(one) && at <= time % this.#length);
    return Buffer.concat([header, ...this.#heads.filter(({ type }) => type !== TagType.audio).map((one) => retimed(one, 0)), retimed(tag, 0)]);
  }

  /** Pieces of the FLV from a key frame's time to `end` or the end of all; where nothing is recorded, time closes up. */
  * pieces(start, end) {
    yield Buffer.concat([header, ...this.#heads.map((tag) => retimed(tag, 0))]);
    let closed = 0;
    let before = start;
    for (const segment of this.segments.filter((one) => one.end > start && one.start < end)) {
      closed += Math.max(0, segment.start - before - 1000);
      before = segment.end;
      yield this.#minute(Math.max(start, segment.start), Math.min(end, segment.end), start + closed);
    }
  }

  #minute(from, to, zero) {
    const parts = [];
    const { damaged } = this;
    for (let round = Math.floor(from / this.#length); round * this.#length < to; round++) {
      for (const { tag, at } of this.#media) {
        const time = round * this.#length + at;
        if (time < from || time >= to || (damaged && time >= damaged.start && time < damaged.end)) continue;
        parts.push(retimed(tag, time - zero));
      }
    }
    return Buffer.concat(parts);
  }
}
