import { retryDelay } from './time.js';

/** Times of playback, in ms. */
export const PlaybackLimits = Object.freeze({
  quiet: 400, // a look-up faster than this is not mentioned
  hidden: 30000, // a page that nobody sees gives its stream back
  skip: 1000, // the hub cannot read a stretch: tried again this much later in it
  again: 600000, // "Play again" goes back so far
  grown: 2000, // a recording that has grown by this is played on
  tick: 250,
});

/** The speeds to choose from; at the last one key frames alone are shown. */
export const speeds = Object.freeze([0.5, 1, 2, 4]);

// A stretch that brings nothing so often is passed over.
const failuresBeforeSkip = 2;

/**
 * Playback of one camera's recordings, and the only writer of `session` and `sound` in the store while it is open.
 * `session` is `{id, name, at, ...}` with `at` in ms, where name is one of `lookup` (visible), `playback` (paused, held,
 * rate, waiting), `gap` (gap, before, after), `end` (again), `nothing`, `older` (oldest), `lost` (retryIn), `unreadable`,
 * `signed-out` (problem), `refused`, `missing`, `codec` (codec).
 */
export class PlaybackSession {
  #id;
  #store;
  #deps;
  #clock;
  #player = null;
  #run = 0;
  #card = null;
  #at;
  #askedAt = 0;
  #shown = false;
  #moving = false;
  #stretch = null;
  #rate = 1;
  #paused = false;
  #heldByBrowser = false;
  #expectSound = null;
  #failures = 0;
  #retryAt = null;
  #hiddenAt = null;
  #resting = false;
  #cancelTick = () => {};
  #closed = false;

  /**
   * @param {string} id  of the camera
   * @param {object} store
   * @param {object} deps
   * @param {RecordingIndex} deps.index
   * @param {Function} deps.play  `playRecording({at, end, rate, paused, soundOn, expectSound}, handlers)`, with the
   *   camera and the elements already given
   * @param {(notice: {kind: 'skipped'|'unreadable', ms: number}) => void} deps.notify
   * @param {object} deps.clock
   * @param {boolean} deps.soundOn
   * @param {number} at  ms; where to begin
   */
  constructor(id, store, deps, at) {
    this.#id = id;
    this.#store = store;
    this.#deps = deps;
    this.#clock = deps.clock;
    store.set({ sound: { on: deps.soundOn, kind: 'unknown', held: false } });
    this.go(at);
    this.#tick();
  }

  /** Real time of the picture, ms. */
  get at() {
    return this.#at;
  }

  /**
   * Plays from another time on.
   *
   * @param {number} at  ms
   */
  go(at) {
    if (this.#player?.seek(at)) {
      this.#at = at;
      this.#card = null;
      this.#publish();
      return;
    }
    this.#failures = 0;
    this.#look(at);
  }

  /** @param {number} ms  to go on by; below 0 to go back. A gap in between is passed over */
  async step(ms) {
    const at = this.#at + ms;
    if (this.#player?.seek(at)) {
      this.#at = at;
      this.#publish();
      return;
    }
    const run = ++this.#run;
    const found = await this.#deps.index.locate(at);
    if (run !== this.#run || this.#closed) return;
    const { kind, before, after } = found;
    if (kind === 'gap') this.go(ms > 0 ? after.start : Math.max(before.start, before.end + ms));
    else this.go(kind === 'older' ? found.oldest : at);
  }

  /** @param {number} ms  length of one picture, below 0 for the one before; holds the picture */
  picture(ms) {
    if (!this.#paused) this.togglePause();
    if (this.#player?.seek(this.#at + ms)) this.#at += ms;
    this.#publish();
  }

  /** Plays on, or holds the picture. Call inside a key press or a tap. */
  togglePause() {
    if (this.#heldByBrowser) this.#player?.play();
    else {
      this.#paused = !this.#paused;
      if (this.#paused) this.#player?.pause();
      else if (this.#player) this.#player.play();
      else if (!this.#card) this.#look(this.#at);
    }
    this.#publish();
  }

  /** @param {number} rate  one of `speeds` */
  setRate(rate) {
    const other = (rate > 2) !== (this.#rate > 2);
    this.#rate = rate;
    if (other && this.#player) this.#play(this.#at);
    else this.#player?.setRate(rate);
    this.#publish();
  }

  /** @param {boolean} on  call inside a key press or a tap */
  setSound(on) {
    this.#store.set({ sound: { ...this.#store.get().sound, on, held: false } });
    this.#player?.setSound(on);
  }

  /** @param {boolean} hidden  nobody sees the page now */
  setHidden(hidden) {
    this.#hiddenAt = hidden ? this.#clock.now() : null;
    if (hidden || !this.#resting) return;
    this.#resting = false;
    this.#look(this.#at);
  }

  /** The answer to [Try now], the browser's `online` event and a hub that is back. */
  tryNow() {
    if (this.#retryAt !== null) this.#look(this.#at);
  }

  /** @returns {object|null}  of the player, for the statistics */
  measure() {
    return this.#player?.measure() ?? null;
  }

  /** Ends playback; nothing is written to the store afterwards. */
  close() {
    this.#closed = true;
    this.#cancelTick();
    this.#player?.close();
  }

  #stop() {
    this.#player?.close();
    this.#player = null;
    this.#run += 1;
    this.#retryAt = null;
    this.#shown = this.#heldByBrowser = false;
  }

  async #look(at) {
    this.#stop();
    this.#card = null;
    this.#at = at;
    this.#askedAt = this.#clock.now();
    const run = this.#run;
    this.#publish();
    const found = await this.#deps.index.locate(at);
    if (run !== this.#run || this.#closed) return;
    if (found.kind === 'recorded') {
      this.#stretch = found.stretch;
      this.#play(at);
    } else if (found.kind === 'failed') {
      this.#refused(found);
    } else {
      this.#card = { name: found.kind, ...found, ...(found.kind === 'end' ? this.#again(found.stretch) : {}) };
    }
    this.#publish();
  }

  #again({ start, end }) {
    return { again: Math.max(start, end - PlaybackLimits.again) };
  }

  #play(at) {
    this.#stop();
    this.#at = at;
    const run = this.#run;
    const { after } = this.#around();
    this.#player = this.#deps.play({
      at, end: after?.start ?? null, rate: this.#rate, paused: this.#paused,
      soundOn: this.#store.get().sound.on, expectSound: this.#rate > 2 ? null : this.#expectSound,
    }, {
      onPicture: () => {
        this.#shown = true;
        this.#publish();
      },
      onSkip: (ms) => this.#deps.notify({ kind: 'unreadable', ms }),
      onEnd: (end) => run === this.#run && this.#ended(end),
    });
  }

  // The stretch that plays as it is known now, and the one after it.
  #around() {
    const { index } = this.#deps;
    const all = index.stretches(this.#stretch.start, Infinity);
    const now = all.find(({ start, end }) => this.#at >= start && this.#at < end) ?? all[0] ?? this.#stretch;
    return { now, after: all.find(({ start }) => start >= now.end) ?? null };
  }

  #ended(end) {
    const begun = this.#shown;
    if (end.reason === 'restart') {
      this.#expectSound = end.expectSound;
      this.#play(this.#at);
    } else if (end.reason === 'codec') {
      this.#stop();
      this.#card = { name: 'codec', codec: end.name };
    } else if (end.reason === 'finished') {
      this.#finished();
    } else if (end.reason === 'refused' && [401, 403].includes(end.status)) {
      this.#refused(end);
    } else {
      if (begun) this.#failures = 0;
      this.#unread(end);
    }
    this.#publish();
  }

  // All of the stretch was shown: it may have grown meanwhile, another may follow, or this is the end.
  async #finished() {
    const shownTo = this.#at;
    const run = this.#run;
    await this.#deps.index.refresh();
    if (run !== this.#run || this.#closed) return;
    const { now, after } = this.#around();
    if (now.end - shownTo > PlaybackLimits.grown && now.end > this.#stretch.end) {
      this.#stretch = now;
      this.#play(shownTo);
    } else {
      const next = after ?? await this.#later(now.end);
      if (run !== this.#run || this.#closed) return;
      if (next) this.#skipTo(next, now.end);
      else this.#caughtUp(now);
    }
    this.#publish();
  }

  async #later(end) {
    const found = await this.#deps.index.locate(end + 1);
    return found.kind === 'gap' ? found.after : null;
  }

  #skipTo(next, from) {
    this.#deps.notify({ kind: 'skipped', ms: next.start - from });
    this.#stretch = next;
    this.#play(next.start);
  }

  #caughtUp(stretch) {
    this.#stop();
    this.#at = stretch.end;
    this.#card = { name: 'end', ...this.#again(stretch) };
  }

  #refused({ status, problem }) {
    this.#stop();
    if (status === 401) this.#card = { name: 'signed-out', problem };
    else if (status === 403) this.#card = { name: 'refused' };
    else if (status === 404 && problem !== 'no-recording') this.#card = { name: 'missing' };
    else this.#retryLater();
  }

  #retryLater() {
    this.#retryAt = this.#clock.now() + retryDelay(this.#failures) * 1000;
    this.#failures += 1;
  }

  // The hub stopped in the middle, or never began: it is gone, or it cannot read this part.
  async #unread(end) {
    const at = this.#at;
    this.#stop();
    const run = this.#run;
    if (end.status === 0 || this.#failures < failuresBeforeSkip) {
      this.#retryLater();
      return;
    }
    const segments = this.#deps.index.segments(at, Infinity);
    const next = segments.find(({ start }) => start > at + PlaybackLimits.skip);
    if (run !== this.#run) return;
    this.#failures = 0;
    if (!next) {
      this.#card = { name: 'unreadable' };
      return;
    }
    this.#deps.notify({ kind: 'unreadable', ms: next.start - at });
    this.#play(next.start);
  }

  #tick() {
    const now = this.#clock.now();
    if (!this.#resting && this.#hiddenAt !== null && now - this.#hiddenAt >= PlaybackLimits.hidden && this.#player) {
      this.#stop();
      this.#resting = true;
    }
    if (this.#retryAt !== null && now >= this.#retryAt) this.#look(this.#at);
    this.#watch();
    this.#publish();
    this.#cancelTick = this.#clock.after(PlaybackLimits.tick, () => this.#tick());
  }

  #watch() {
    if (!this.#player) return;
    const { at, moving, sound, held, paused } = this.#player.sample();
    if (!this.#player || !this.#shown) return;
    this.#at = at;
    this.#moving = moving;
    this.#heldByBrowser = paused;
    const { sound: known } = this.#store.get();
    const kind = this.#rate > 2 ? 'none' : sound === 'unknown' ? 'none' : sound;
    if (known.kind !== kind || known.held !== held) this.#store.set({ sound: { ...known, kind, held } });
  }

  #publish() {
    if (this.#closed) return;
    const session = { id: this.#id, at: Math.floor(this.#at / 1000) * 1000, ...this.#state() };
    if (JSON.stringify(session) !== JSON.stringify(this.#store.get().session)) this.#store.set({ session });
  }

  #state() {
    const now = this.#clock.now();
    if (this.#card) return this.#card;
    if (this.#retryAt !== null) return { name: 'lost', retryIn: Math.max(0, Math.ceil((this.#retryAt - now) / 1000)) };
    if (!this.#shown && !this.#resting) return { name: 'lookup', visible: now - this.#askedAt >= PlaybackLimits.quiet };
    return {
      name: 'playback', paused: this.#paused, held: this.#heldByBrowser, rate: this.#rate,
      waiting: !this.#moving && !this.#paused && !this.#heldByBrowser,
    };
  }
}
