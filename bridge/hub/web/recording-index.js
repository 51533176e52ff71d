import { dayStart } from './days.js';
import { gapsOf, holding, inDays, stretchesOf } from './stretches.js';

// What grows is asked for again this often at most.
const freshMs = 2000;
// A neighbour of a gap is looked for over so many days.
const farDays = 31;

/**
 * What is recorded of one camera, read from the hub a day at a time and kept. It writes `recordings` of the store:
 * `{id, days: Map of day start -> {status, problem, segments, gaps}}`; a day that is not there was not asked for yet, `status`
 * is null while it is.
 */
export class RecordingIndex {
  #id;
  #store;
  #list;
  #clock;
  #days = new Map();
  #reads = new Map();
  #closed = false;

  /**
   * @param {string} id  of the camera
   * @param {object} store
   * @param {(id: string, from: number, to: number) => Promise<object>} list  `listRecordings`
   * @param {{now: () => number}} clock
   */
  constructor(id, store, list, clock) {
    this.#id = id;
    this.#store = store;
    this.#list = list;
    this.#clock = clock;
    this.#publish();
  }

  /** Nothing is written to the store afterwards. */
  close() {
    this.#closed = true;
  }

  /** What `/api/devices` says is recorded at all: `{from, to}` in ms, null for nothing, undefined where it is not known. */
  get range() {
    const device = this.#store.get().devices?.find(({ id }) => id === this.#id);
    if (!device?.recording) return undefined;
    const { from, to } = device.recording;
    return from ? { from: Date.parse(from), to: Date.parse(to) } : null;
  }

  /**
   * Sees to it that a window of time is known.
   *
   * @returns {Promise<object[]>}  its days
   */
  ensure(from, to) {
    const reads = [];
    for (let day = dayStart(from); day < to && day <= this.#clock.now(); day = dayStart(day, 1)) reads.push(this.day(day));
    return Promise.all(reads);
  }

  /** @returns {Promise<object>}  one day; asked for again when it has failed, or may have grown since */
  day(start) {
    const known = this.#days.get(start);
    const grows = this.#clock.now() < dayStart(start, 1) + freshMs;
    const fresh = known?.status === 200 && (!grows || this.#clock.now() - known.readAt < freshMs);
    if (fresh) return Promise.resolve(known);
    if (!this.#reads.has(start)) {
      this.#reads.set(start, this.#read(start, known).finally(() => this.#reads.delete(start)));
    }
    return this.#reads.get(start);
  }

  /** Reads the day of now again, because the hub said that something is new. */
  refresh() {
    return this.day(dayStart(this.#clock.now()));
  }

  async #read(start, known) {
    if (!known) this.#set(start, { status: null, problem: '', segments: [], gaps: [] });
    const end = dayStart(start, 1);
    // Of a day that grows only the end is asked for; what lies before does not change.
    const from = known?.status === 200 ? Math.max(start, (known.segments.at(-1)?.start ?? start) - 1) : start;
    const answer = await this.#list(this.#id, from, end);
    const day = { ...answer, readAt: this.#clock.now() };
    if (answer.status === 200 && from > start) {
      day.segments = [...known.segments.filter((old) => old.start < from), ...answer.segments];
      day.gaps = [...known.gaps.filter((old) => old.end <= from), ...answer.gaps];
    } else if (answer.status !== 200 && known) {
      day.segments = known.segments;
      day.gaps = known.gaps;
    }
    this.#set(start, day);
    return day;
  }

  #set(start, day) {
    this.#days = new Map(this.#days).set(start, day);
    this.#publish();
  }

  #publish() {
    if (!this.#closed) this.#store.set({ recordings: { id: this.#id, days: this.#days } });
  }

  /**
   * What is there at a time.
   *
   * @param {number} time
   * @returns {Promise<object>}  `kind` is `recorded` (with `stretch`), `gap` (with `gap`, and `before` and `after`, the
   *   stretches around it, null for none), `older` (with `oldest`), `end` (with `stretch`, the newest), `nothing`, or
   *   `failed` (with `status`, `problem`)
   */
  async locate(time) {
    const day = await this.day(dayStart(time));
    if (day.status !== 200) return { kind: 'failed', status: day.status, problem: day.problem };
    const here = () => holding(time, this.stretches(dayStart(time), dayStart(time, 1)));
    if (here()) {
      await this.#growTo(here);
      return { kind: 'recorded', stretch: here() };
    }
    const before = await this.#neighbour(time, -1);
    const after = await this.#neighbour(time, 1);
    if (!before && !after) return { kind: 'nothing' };
    if (!after) return { kind: 'end', stretch: before };
    if (!before) return { kind: 'older', oldest: after.start };
    const parts = gapsOf([], this.reasons(before.end, after.start), before.end, after.start);
    return { kind: 'gap', gap: holding(time, parts) ?? { start: before.end, end: after.start, reason: '' }, before, after };
  }

  // A stretch that reaches midnight goes on in the next day, which has to be known before it is played.
  async #growTo(here) {
    for (let end = -1; here().end !== end && this.#days.size < farDays;) {
      end = here().end;
      const next = dayStart(end + freshMs);
      if (!this.#days.has(next) && next <= this.#clock.now()) await this.day(next);
    }
  }

  // The nearest stretch before (-1) or after (1) a time; null for none.
  async #neighbour(time, way) {
    const { range } = this;
    for (let i = 0; i < farDays; i++) {
      const start = dayStart(time, way * i);
      const end = dayStart(start, 1);
      if (start > this.#clock.now() || (range && (way < 0 ? end <= range.from : start > range.to))) return null;
      await this.day(start);
      const found = this.stretches(start, end).filter((one) => (way < 0 ? one.end <= time : one.start > time));
      if (found.length) return found.at(way < 0 ? -1 : 0);
      if (range === null) return null;
    }
    return null;
  }

  /** @returns {{start: number, end: number, bytes: number}[]}  what is known to be recorded around a window, in order */
  segments(from, to) {
    return inDays(this.#days, from, to, 'segments');
  }

  /** @returns {object[]}  why nothing is recorded where nothing is, as far as the hub says */
  reasons(from, to) {
    return inDays(this.#days, from, to, 'gaps');
  }

  /** @returns {{start: number, end: number}[]}  that touch a window; whole, as far as the days around it are known */
  stretches(from, to) {
    return stretchesOf(this.segments(-Infinity, Infinity)).filter(({ start, end }) => start < to && end > from);
  }
}
