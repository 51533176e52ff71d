import { retryDelay } from './time.js';

/** Times of the state machine, in ms. The first four are the page's promises, the rest bounds of our own. */
export const Limits = Object.freeze({
  quiet: 400, // a connection faster than this shows no steps
  slow: 4000,
  stalled: 2000,
  tooSlow: 2000, // a direct stream that arrives late for so long has a network slower than it is
  hidden: 30000, // a page that nobody sees, or a held picture, gives its stream back
  cardRetry: 15000,
  soundKnown: 2000, // cameras send sound many times a second: a stream without any by then has none
  tick: 250,
});

// This many tries in a row that are accepted and bring nothing are a fault worth a card.
const failuresBeforeCard = 3;

// The delay shown changes by more than this many seconds at a time, so that it does not flicker.
const lateStep = 0.75;

// What waits to be shown of a direct stream makes it 0.6 s late at most; the rest it has lost on the way. Seconds.
const lateWhenSlow = 1.2;
const lateWhenFine = 0.8;

const isFinal = (way) => ['signed-out', 'refused', 'missing'].includes(way?.cause);

/**
 * The state machine of one camera, and the only writer of `session` and `sound` in the store. `session` is `{id, name,
 * ...}` where name is one of `connecting` (way, step, of, visible, slow), `live` (way `direct`, `relay` or `hub`; of the hub
 * late, s, and blocked: there is no other way; of the others tooSlow, where the network is), `paused`, `stalled` (seconds, retryIn), `offline` (still: its last picture
 * is there), `waiting`, `full` (ready: the pause that was asked for is over), `signed-out` (problem), `refused`, `missing`,
 * `codec` (codec), `unreachable` (ways, seconds, details). `sound` is `{on, kind, held}`.
 */
export class LiveSession {
  #id;
  #store;
  #deps;
  #clock;
  #live = null; // null once its picture is gone too
  #attempt = 0;
  #shown = false; // this stream has shown a picture
  #everShown = false; // since the last fresh start
  #hasStill = false; // a last picture is there to show
  #streamEnded = false;
  #freshAt = 0;
  #startedAt = 0;
  #shownAt = 0;
  #startup = null;
  #card = null; // the state that a failed try has led to; stays until a picture comes
  #time = -1;
  #movedAt = 0;
  #heldByBrowser = false;
  #late = 0;
  #way = 'hub';
  #tooSlow = false;
  #turnedAt = null; // since then it looks as if `tooSlow` were no longer right
  #progress = { way: 'direct', step: 1, of: 5 };
  #blocked = false;
  #failures = 0;
  #retryAt = null;
  #asking = false; // whether the hub answers, before a connection that stands still is let go of
  #fullUntil = 0;
  #hurried = false; // a try was made because the device list said it would work
  #expectSound = null;
  #pausedByPerson = false;
  #resting = false;
  #hiddenAt = null;
  #pausedAt = null;
  #details = [];
  #cancelTick = () => {};
  #closed = false;

  /**
   * @param {string} id  of the camera
   * @param {object} store  with `devices`, `hub`
   * @param {{openLive: Function, probeLive: Function, refresh: Function, clock: object, soundOn: boolean}} deps
   *   `openLive({soundOn, expectSound}, on)` makes a `LiveRace`
   */
  constructor(id, store, deps) {
    this.#id = id;
    this.#store = store;
    this.#deps = deps;
    this.#clock = deps.clock;
    store.set({ sound: { on: deps.soundOn, kind: 'unknown', held: false } });
    this.#fresh();
    this.#tick();
  }

  /** The answer to [Try now], [Try again], the browser's `online` event and a hub that is back. */
  tryNow() {
    if (this.#resting) return;
    if (this.#retryAt !== null || this.#card) this.#again();
    else this.#live?.tryDirect();
  }

  /** The answer to [Use the hub instead]. */
  useHub() {
    this.#live?.useHub();
  }

  /** @param {boolean} hidden  nobody sees the page now */
  setHidden(hidden) {
    this.#hiddenAt = hidden ? this.#clock.now() : null;
    if (hidden) return;
    this.#movedAt = this.#clock.now();
    if (this.#resting && !this.#pausedByPerson) this.#fresh();
    else this.tryNow();
  }

  /** Plays on at the live edge, or holds the picture. Call inside a key press or a tap. */
  togglePause() {
    const now = this.#clock.now();
    const paused = this.#store.get().session.name === 'paused';
    this.#pausedByPerson = !paused;
    this.#pausedAt = paused ? null : now;
    this.#movedAt = now;
    if (!paused) this.#live?.pause();
    else if (this.#resting || this.#streamEnded) this.#fresh();
    else this.#live.play();
    this.#publish();
  }

  /** @param {boolean} on  call inside a key press or a tap */
  setSound(on) {
    this.#store.set({ sound: { ...this.#store.get().sound, on, held: false } });
    this.#live?.setSound(on);
  }

  /**
   * For the statistics.
   *
   * @returns {object}  `measure()` of the player where there is one, and `startup`: way, and ms of each connecting step, of
   *   the newest first picture; null before it
   */
  measure() {
    return { ...this.#live?.measure(), startup: this.#startup };
  }

  /** Asks the camera something: as `PeerCommands.ask`. */
  ask(command, done, refused) {
    return this.#live?.ask(command, done, refused) ?? false;
  }

  /** Ends the stream; nothing is written to the store afterwards. */
  close() {
    this.#closed = true;
    this.#cancelTick();
    this.#live?.close();
  }

  #fresh() {
    this.#resting = this.#everShown = false;
    this.#failures = 0;
    this.#freshAt = this.#clock.now();
    this.#open();
  }

  #rest() {
    this.#resting = true;
    this.#retryAt = null;
    this.#live?.close();
    this.#live = null;
  }

  #open() {
    this.#live?.close();
    this.#retryAt = null;
    this.#shown = this.#streamEnded = this.#heldByBrowser = this.#tooSlow = false;
    this.#turnedAt = null;
    this.#startedAt = this.#clock.now();
    const attempt = ++this.#attempt;
    this.#live = this.#deps.openLive({ soundOn: this.#store.get().sound.on, expectSound: this.#expectSound }, {
      onProgress: () => this.#publish(),
      onPicture: (startup) => this.#picture(startup),
      onEnd: (end) => this.#ended(end, attempt).then(() => this.#publish()),
    });
    this.#publish();
  }

  // A direct connection may outlive the hub, and no other one begins without it: one that stands still is let go of only
  // when the hub answers.
  async #again() {
    if (!this.#shown || this.#streamEnded) {
      this.#open();
      return;
    }
    const attempt = this.#attempt;
    this.#retryAt = null;
    this.#asking = true;
    const { cause } = await this.#deps.probeLive(this.#id);
    this.#asking = false;
    if (this.#closed || this.#resting || attempt !== this.#attempt || this.#streamEnded) return;
    if (!this.#stands(this.#clock.now())) return; // it came back by itself
    if (cause === 'no-answer') this.#retryLater();
    else this.#open();
    this.#publish();
  }

  #picture(startup) {
    this.#startup = startup;
    this.#shown = this.#everShown = this.#hasStill = true;
    this.#card = null;
    this.#failures = 0;
    this.#hurried = false;
    this.#movedAt = this.#shownAt = this.#clock.now();
    this.#watchStream(this.#shownAt);
    this.#publish();
  }

  async #ended(end, attempt) {
    const stale = () => this.#closed || this.#resting || attempt !== this.#attempt;
    if (stale()) return;
    if (end.reason === 'restart') {
      this.#expectSound = end.expectSound;
      this.#open();
      return;
    }
    this.#streamEnded = true;
    if (end.reason !== 'closed') this.#live = null;
    if (end.reason === 'codec') {
      this.#card = { name: 'codec', codec: end.name };
      return;
    }
    const { direct, hub } = end.ways;
    const seconds = (this.#clock.now() - this.#startedAt) / 1000;
    const answer = isFinal(direct) ? direct : await this.#deps.probeLive(this.#id);
    if (stale()) return;
    this.#details = [...this.#details, this.#line(end.ways, seconds, answer)].slice(-failuresBeforeCard);
    const full = [direct, answer].find((way) => way?.cause === 'full');
    if (full && answer.cause !== 'none') {
      this.#card = { name: 'full' };
      this.#fullUntil = this.#clock.now() + full.retryAfter * 1000;
    } else if (direct?.video === false || hub?.video === false) {
      this.#lookAgain('waiting');
    } else if (answer.cause === 'no-video') {
      await this.#noVideo(stale, end, seconds);
    } else if (answer.cause === 'none' || answer.cause === 'no-answer') {
      this.#failed(answer.cause, end, seconds);
    } else {
      this.#card = { name: answer.cause, problem: answer.problem };
    }
  }

  #line({ direct, hub }, seconds, answer) {
    const told = (way) => (way ? `${way.cause ?? way.reason} ${way.status || way.code || ''}`.trim() : 'not ended');
    return `live ${this.#id}: direct ${told(direct)}, hub ${told(hub)} after ${seconds.toFixed(1)} s, then ${answer.status}`;
  }

  #lookAgain(name) {
    this.#card = { name };
    this.#retryAt = this.#clock.now() + Limits.cardRetry;
  }

  // Nothing is uploaded. The camera itself may still send, to those whom it reaches.
  async #noVideo(stale, end, seconds) {
    const device = await this.#deps.refresh(this.#id);
    if (stale()) return;
    if (device?.live) this.#failed('none', end, seconds);
    else this.#lookAgain(device?.online ? 'waiting' : 'offline');
  }

  // Nobody names a cause: either the hub is gone, or a way is let begin and nothing useful comes.
  #failed(cause, end, seconds) {
    this.#retryLater();
    // A path to the camera was looked for as long as that makes sense.
    const enough = this.#failures >= failuresBeforeCard || end.ways.direct?.cause === 'blocked';
    if (cause === 'no-answer' || this.#everShown || this.#card || !enough) return;
    this.#card = end.reason === 'media'
      ? { name: 'codec', codec: end.name }
      : { name: 'unreachable', ways: end.ways, seconds: Math.round(seconds), details: this.#details };
  }

  #tick() {
    const now = this.#clock.now();
    const idle = this.#hiddenAt ?? this.#pausedAt;
    if (!this.#resting && idle !== null && now - idle >= Limits.hidden) this.#rest();
    if (!this.#resting) {
      this.#watchStream(now);
      this.#watchDevice();
      if (this.#retryAt !== null && now >= this.#retryAt && !this.#pausedByPerson) this.#again();
    }
    this.#publish();
    this.#cancelTick = this.#clock.after(Limits.tick, () => this.#tick());
  }

  #watchStream(now) {
    if (!this.#live) return;
    const { time, late, sound, held, paused, way, blocked } = this.#live.sample();
    this.#heldByBrowser = Boolean(paused);
    if (!this.#shown) return;
    this.#way = way ?? this.#way;
    this.#blocked = blocked;
    this.#watchPicture(now, time, late);
    this.#watchNetwork(now, late);
    this.#noteSound(now, sound, held);
  }

  #watchPicture(now, time, late) {
    if (Math.abs(late - this.#late) > lateStep) this.#late = late;
    if (time !== this.#time) {
      this.#time = time;
      this.#movedAt = now;
      if (this.#streamEnded) return;
      this.#retryAt = null; // it came back by itself
      this.#failures = 0;
    } else if (this.#stands(now) && this.#retryAt === null && !this.#asking) {
      this.#retryLater(); // the connection is open and silent
    }
  }

  #watchNetwork(now, late) {
    const slow = this.#way !== 'hub' && late > (this.#tooSlow ? lateWhenFine : lateWhenSlow);
    if (slow === this.#tooSlow) this.#turnedAt = null;
    else this.#turnedAt ??= now;
    if (this.#turnedAt === null || now - this.#turnedAt < Limits.tooSlow) return;
    this.#tooSlow = slow;
    this.#turnedAt = null;
  }

  #stands(now) {
    const watched = !this.#pausedByPerson && !this.#heldByBrowser && this.#hiddenAt === null;
    return watched && now - this.#movedAt >= Limits.stalled;
  }

  #retryLater() {
    this.#retryAt = this.#clock.now() + retryDelay(this.#failures) * 1000;
    this.#failures += 1;
  }

  #noteSound(now, kind, held) {
    if (kind === 'unknown' && now - this.#shownAt < Limits.soundKnown) return;
    const { sound } = this.#store.get();
    const known = kind === 'unknown' ? 'none' : kind;
    if (sound.kind !== known || sound.held !== held) this.#store.set({ sound: { ...sound, kind: known, held } });
  }

  #watchDevice() {
    const device = this.#store.get().devices?.find(({ id }) => id === this.#id);
    if (!device || !this.#card) return;
    const { name } = this.#card;
    const back = (name === 'offline' || name === 'waiting' || name === 'missing') && device.live;
    const room = name === 'full' && device.viewers < device.max_viewers;
    if ((back || room) && this.#streamEnded && !this.#hurried) {
      this.#hurried = true;
      this.#open();
    } else if (!back && !room) {
      this.#hurried = false;
    }
  }

  #publish() {
    if (this.#closed) return;
    const session = { id: this.#id, ...this.#state(this.#clock.now()) };
    if (JSON.stringify(session) !== JSON.stringify(this.#store.get().session)) this.#store.set({ session });
  }

  #state(now) {
    if (this.#pausedByPerson) return { name: 'paused' };
    if (this.#card) {
      const { name } = this.#card;
      if (name === 'full') return { ...this.#card, ready: now >= this.#fullUntil };
      // A length of time stands in the text; it is drawn again when the minute changes.
      return name === 'offline' ? { name, still: this.#hasStill, minute: Math.floor(now / 60000) } : this.#card;
    }
    if (this.#heldByBrowser) return { name: 'paused' };
    if (!this.#everShown) {
      const waited = now - this.#freshAt;
      this.#progress = this.#live?.progress ?? this.#progress;
      return { name: 'connecting', ...this.#progress, visible: waited >= Limits.quiet, slow: waited >= Limits.slow };
    }
    if (!this.#stands(now)) {
      return { name: 'live', way: this.#way, ...(this.#way === 'hub' ? this.#hubState() : this.#tooSlow && { tooSlow: true }) };
    }
    const retryIn = this.#retryAt === null ? 0 : Math.max(0, Math.ceil((this.#retryAt - now) / 1000));
    return { name: 'stalled', seconds: Math.floor((now - this.#movedAt) / 1000), retryIn };
  }

  #hubState() {
    return { late: Math.max(1, Math.round(this.#late)), blocked: this.#blocked };
  }
}
