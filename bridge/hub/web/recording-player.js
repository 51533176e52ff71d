import { Screen } from './screen.js';

// Read ahead of the picture, and kept behind it for a step back.
const aheadMs = 10000;
const behindS = 20;
// A hole in what the browser has buffered is jumped when the picture stands this near before it.
const edgeS = 0.25;
// The player keeps its last picture back until another comes, so the end is this much earlier than the stream's.
const tailS = 0.3;
const endQuietMs = 400;

/**
 * Plays one recording on the page's video element, from an exact time on.
 *
 * @param {object} request  `video`, `still`, `soundOn`, `expectSound`, `paused` as for `Screen`, and
 * @param {number} request.at  ms; where to begin
 * @param {(signal: AbortSignal) => Promise<object>} request.open  `openRecording` for this time
 * @param {number} request.rate  speed; above 2 key frames alone are shown, without sound
 * @param {object} handlers
 * @param {() => void} handlers.onPicture  the picture of the wanted time is on the screen
 * @param {(ms: number) => void} handlers.onSkip  the picture has passed a part that the hub could not read
 * @param {(end: object) => void} handlers.onEnd  runs once, and not after `close()`. `end.reason` is `refused` (with
 *   `status`, `problem`), `finished` (all was shown), `broken` (the connection; what had come was shown), or `media`,
 *   `codec`, `restart` as for `Screen`
 * @returns {RecordingPlayer}
 */
export function playRecording(request, handlers) {
  return new RecordingPlayer(request, handlers);
}

class RecordingPlayer {
  #video;
  #handlers;
  #screen;
  #rate;
  #at;
  #start = null; // real time of timestamp 0
  #target; // still to be sought, ms
  #reader = null;
  #reading = false;
  #done = null; // `finished` or `broken`, once nothing more comes
  #gone = new AbortController();
  #ended = false;
  #told = false;
  #bytes = 0;
  #holesPassed = 0;
  #lastTime = 0;
  #movedAt = performance.now();

  constructor({ open, at, rate, ...request }, handlers) {
    this.#video = request.video;
    this.#handlers = handlers;
    this.#rate = rate;
    this.#at = this.#target = at;
    this.#screen = new Screen({ ...request, kind: rate > 2 ? 'keys' : 'recording', behindS }, {
      onPicture: () => this.#tellPicture(),
      onCanPlay: () => this.#applyRate(),
      onEnd: (end) => this.#end(end),
    });
    this.#open(open);
  }

  /**
   * What the session has to know, a few times a second. Also keeps the stream coming.
   *
   * @returns {object}  as `Screen.sample()`, with `at` = the real time of the picture, ms, and `moving` = it goes on or
   *   is held by the person
   */
  sample() {
    const now = performance.now();
    const { currentTime } = this.#video;
    if (currentTime !== this.#lastTime || this.#video.paused) this.#movedAt = now;
    this.#lastTime = currentTime;
    this.#seekTarget();
    this.#jumpHole();
    this.#passHoles();
    this.#pump();
    if (this.#done && this.#atEnd() && now - this.#movedAt > endQuietMs) this.#end({ reason: this.#done });
    return { ...this.#screen.sample(), at: this.#now(), moving: now - this.#movedAt < endQuietMs };
  }

  /** @returns {object}  for the statistics: `Screen.pictures()`, `bytes` so far, and `aheadS` that wait to be shown */
  measure() {
    return { ...this.#screen.pictures(), bytes: this.#bytes, aheadS: this.#aheadMs() / 1000 };
  }

  /**
   * @param {number} at  ms
   * @returns {boolean}  false when that time is not here; nothing happens then
   */
  seek(at) {
    if (!this.#screen.shown || this.#ended) return false;
    const time = this.#timeOf(at);
    if (!this.#isBuffered(time)) return false;
    this.#target = null;
    this.#video.currentTime = time;
    this.#movedAt = performance.now();
    this.#recountHoles(time);
    return true;
  }

  /** @param {boolean} on  call inside a key press or a tap */
  setSound(on) {
    this.#screen.setSound(on);
  }

  /** @param {number} rate  up to 2, or what it began with */
  setRate(rate) {
    this.#rate = rate;
    this.#applyRate();
  }

  play() {
    this.#screen.play();
  }

  pause() {
    this.#screen.pause();
  }

  /** Leaves the last picture on the still, and ends. Nothing is reported afterwards. */
  close() {
    this.#gone.abort();
    this.#screen.close();
  }

  async #open(open) {
    const { status, problem, start, reader } = await open(this.#gone.signal);
    if (this.#gone.signal.aborted) return;
    if (!reader) {
      this.#end({ reason: 'refused', status, problem });
      return;
    }
    this.#start = start;
    this.#reader = reader;
    this.#pump();
  }

  // Reads until enough is ahead; the hub waits meanwhile.
  async #pump() {
    if (this.#reading || !this.#reader || this.#done) return;
    this.#reading = true;
    while (!this.#done && !this.#gone.signal.aborted && this.#wanted()) {
      const { done, value } = await this.#reader.read().catch(() => ({ done: true, value: null }));
      if (this.#gone.signal.aborted) break;
      if (done) this.#done = value === null ? 'broken' : 'finished';
      else this.#take(value);
    }
    this.#reading = false;
  }

  #take(bytes) {
    this.#bytes += bytes.length;
    this.#screen.push(bytes);
    if (this.#done || this.#ended) return;
    this.#seekTarget();
  }

  #wanted() {
    const toTarget = this.#target === null ? 0 : Math.max(0, this.#target - this.#now());
    return this.#aheadMs() < aheadMs * Math.max(1, this.#rate) + toTarget;
  }

  #aheadMs() {
    const { base, newest } = this.#screen.feed;
    return base === null || newest === null ? 0 : newest - base - this.#video.currentTime * 1000;
  }

  // Real time against the player's clock, with what the hub could not read left out.
  #now() {
    const { base, holes } = this.#screen.feed;
    if (this.#start === null || base === null || this.#target !== null) return this.#target ?? this.#at;
    const out = base + this.#video.currentTime * 1000;
    return this.#start + out + holes.reduce((sum, { at, ms }) => (at <= out ? sum + ms : sum), 0);
  }

  #timeOf(real) {
    const { base, holes } = this.#screen.feed;
    let out = real - this.#start;
    for (const { at, ms } of holes) if (out >= at + ms) out -= ms;
    return (out - base) / 1000;
  }

  #isBuffered(time) {
    const { buffered } = this.#video;
    for (let i = 0; i < buffered.length; i++) {
      if (time >= buffered.start(i) && time < buffered.end(i)) return true;
    }
    return false;
  }

  // The hub begins at the key frame before; the picture goes on to the very time when that is here.
  #seekTarget() {
    if (this.#target === null || this.#start === null || this.#screen.feed.base === null) return;
    const { buffered, currentTime } = this.#video;
    if (!buffered.length) return;
    // Where sound begins before the first picture, the player waits for somebody to go to that picture.
    const time = Math.max(this.#timeOf(this.#target), buffered.start(0));
    const there = time <= currentTime + 0.05 || (this.#done && this.#aheadMs() < tailS * 1000);
    if (!there && !this.#isBuffered(time)) return;
    this.#target = null;
    this.#movedAt = performance.now();
    if (!there) this.#video.currentTime = time;
    this.#tellPicture();
  }

  // The picture of the key frame before is none that was asked for.
  #tellPicture() {
    if (this.#told || !this.#screen.shown || this.#target !== null) return;
    this.#told = true;
    this.#handlers.onPicture();
  }

  #jumpHole() {
    const { buffered, currentTime, seeking, paused } = this.#video;
    if (seeking || paused) return;
    for (let i = 1; i < buffered.length; i++) {
      const before = buffered.end(i - 1) - currentTime;
      if (before >= -edgeS && before < edgeS) this.#video.currentTime = buffered.start(i) + 0.01;
    }
  }

  #passHoles() {
    const { base, holes } = this.#screen.feed;
    const hole = holes[this.#holesPassed];
    if (!hole || base + this.#video.currentTime * 1000 < hole.at) return;
    this.#holesPassed += 1;
    this.#handlers.onSkip(hole.ms);
  }

  #recountHoles(time) {
    const { base, holes } = this.#screen.feed;
    this.#holesPassed = holes.filter(({ at }) => at <= base + time * 1000).length;
  }

  #atEnd() {
    const { buffered, currentTime, ended } = this.#video;
    const end = buffered.length ? buffered.end(buffered.length - 1) : 0;
    return ended || !this.#screen.shown || end - currentTime < tailS;
  }

  #applyRate() {
    this.#video.playbackRate = this.#rate;
  }

  #end(end) {
    if (this.#ended || this.#gone.signal.aborted) return;
    this.#ended = true;
    if (end.reason !== 'finished' && end.reason !== 'broken') this.close();
    this.#handlers.onEnd(end);
  }
}
