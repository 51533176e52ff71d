import { chase, LateClock } from './edge.js';
import { openFlvSocket } from './flv-socket.js';
import { Screen } from './screen.js';

// What the hub sends at once, from its last key frame on, arrives within this time of the first picture.
const settleMs = 500;
const behindS = 10;

/**
 * Plays one live stream through the hub on a video element, close to its live edge.
 *
 * @param {object} request  `video`, `still`, `soundOn`, `expectSound` as for `Screen`, and
 * @param {string} request.path  of the stream, such as `/live/front-door.flv`
 * @param {object} handlers
 * @param {() => void} handlers.onOpen  the hub has accepted
 * @param {() => void} handlers.onBytes  the first bytes are here
 * @param {() => void} handlers.onPicture  the first picture is on the screen
 * @param {(end: object) => void} handlers.onEnd  runs once, and not after `close()`. `end.reason` is `closed` (with
 *   `code`), `media` (with `name`: broken, or not playable after all), `codec` (with `name`: no player for it) or
 *   `restart` (with `expectSound` for the next request)
 * @returns {LivePlayer}
 */
export function openLive(request, handlers) {
  return new LivePlayer(request, handlers);
}

class LivePlayer {
  #video;
  #handlers;
  #screen;
  #clock = new LateClock();
  #ended = false;
  #settleUntil = 0;
  #bytes = 0;
  #closeSocket;

  constructor({ path, ...request }, handlers) {
    this.#video = request.video;
    this.#handlers = handlers;
    this.#screen = new Screen({ ...request, kind: 'live', behindS }, {
      onPicture: handlers.onPicture,
      onCanPlay: () => {
        this.#settleUntil ||= performance.now() + settleMs;
        this.#chase();
      },
      onEnd: (end) => this.#end(end),
    });
    this.#closeSocket = openFlvSocket(path, {
      onOpen: handlers.onOpen,
      onBytes: (bytes) => this.#take(bytes),
      onClose: ({ code }) => this.#end({ reason: 'closed', code }),
    });
  }

  /**
   * What the session has to know, a few times a second. Also keeps the picture at the live edge.
   *
   * @returns {object}  as `Screen.sample()`, with `time` = the picture's clock, and `late` = its delay behind the
   *   stream, in seconds
   */
  sample() {
    if (this.#screen.shown) this.#chase();
    return { ...this.#screen.sample(), time: this.#video.currentTime, late: this.#late() };
  }

  /** @returns {object}  for the statistics: `Screen.pictures()`, `bytes` so far, `aheadS` that wait to be shown, `lateS` */
  measure() {
    return { ...this.#screen.pictures(), bytes: this.#bytes, aheadS: this.#ahead(), lateS: this.#late() };
  }

  /** @param {boolean} on  call inside a key press or a tap to lift what the browser holds back */
  setSound(on) {
    this.#screen.setSound(on);
  }

  /** Goes on at the live edge. */
  play() {
    this.#settleUntil = performance.now() + settleMs;
    this.#screen.play();
  }

  /** Holds the picture; the stream goes on arriving. */
  pause() {
    this.#screen.pause();
  }

  /** Leaves the last picture on the still, and ends. Nothing is reported afterwards. */
  close() {
    this.#closeSocket();
    this.#screen.close();
  }

  #take(bytes) {
    if (this.#bytes === 0) this.#handlers.onBytes();
    this.#bytes += bytes.length;
    this.#screen.push(bytes);
    const { newest } = this.#screen.feed;
    if (newest !== null) this.#clock.arrived(newest, performance.now());
  }

  #end(end) {
    if (this.#ended || this.#screen.closed) return;
    this.#ended = true;
    this.#closeSocket();
    // A closed stream plays on to its last picture; the session closes when it opens the next one.
    if (end.reason !== 'closed') this.close();
    this.#handlers.onEnd(end);
  }

  #late() {
    const { base } = this.#screen.feed;
    return base === null ? 0 : this.#clock.late(base + this.#video.currentTime * 1000, performance.now());
  }

  #ahead() {
    const { buffered, currentTime } = this.#video;
    return buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0;
  }

  #chase() {
    const video = this.#video;
    if (video.paused || video.seeking || !video.buffered.length) return;
    const { rate, skip } = chase(this.#ahead(), video.playbackRate, performance.now() < this.#settleUntil);
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (skip) video.currentTime += skip;
  }
}
