import { chase, LateClock, targets } from './edge.js';
import { openFlvSocket } from './flv-socket.js';
import { openPeer } from './peer.js';
import { Screen } from './screen.js';

// What the hub sends at once, from its last key frame on, arrives within this time of the first picture.
const settleMs = 500;
const behindS = 10;

/**
 * Plays one live stream on a video element, close to its live edge.
 *
 * @param {object} request  `video`, `still`, `soundOn`, `expectSound`, `paused` as for `Screen`, and
 * @param {'direct'|'hub'} request.way  from the camera, or through the hub
 * @param {string} request.id  of the camera
 * @param {string} request.path  of its stream at the hub, such as `/live/front-door.flv`
 * @param {object} handlers
 * @param {(step: number) => void} handlers.onStep  as for `openPeer` and `openFlvSocket`
 * @param {() => void} handlers.onKey  a first picture is there, and is about to take the video element: let go of it, or
 *   close this player
 * @param {() => void} handlers.onPicture  the first picture is on the screen
 * @param {(end: object) => void} handlers.onEnd  runs once, and not after `close()`. `end.reason` is `closed` (with
 *   `code` or `cause` as the way has it), `media` (with `name`: broken, or not playable after all), `codec` (with
 *   `name`: no player for it) or `restart` (with `expectSound` for the next request)
 * @returns {LivePlayer}
 */
export function openLive(request, handlers) {
  return new LivePlayer(request, handlers);
}

const open = { direct: openPeer, hub: openFlvSocket };

class LivePlayer {
  #video;
  #handlers;
  #screen;
  #clock = new LateClock();
  #ended = false;
  #settleUntil = 0;
  #bytes = 0;
  #target;
  #stream;

  constructor(request, handlers) {
    this.#video = request.video;
    this.#handlers = handlers;
    this.#target = targets[request.way];
    this.#screen = new Screen({ ...request, kind: 'live', behindS }, {
      onKey: handlers.onKey,
      onPicture: handlers.onPicture,
      onCanPlay: () => {
        this.#settleUntil ||= performance.now() + settleMs;
        this.#chase();
      },
      onEnd: (end) => this.#end(end),
    });
    this.#stream = open[request.way](request, {
      onStep: handlers.onStep,
      onBytes: (bytes) => this.#take(bytes),
      onClose: (end) => this.#end({ reason: 'closed', ...end }),
    });
  }

  /**
   * What the session has to know, a few times a second. Also keeps the picture at the live edge.
   *
   * @returns {object}  as `Screen.sample()`, with `time` = the picture's clock, `late` = its delay behind the stream, in
   *   seconds, and `way` = `direct`, `relay` or `hub`
   */
  sample() {
    if (this.#screen.shown) this.#chase();
    return { ...this.#screen.sample(), time: this.#video.currentTime, late: this.#late(), way: this.#stream.how().way };
  }

  /**
   * @returns {object}  for the statistics: `Screen.pictures()`, `measure()` of the way, `bytes` so far, `aheadS` that wait to be
   *   shown, `lateS`
   */
  measure() {
    return {
      ...this.#screen.pictures(), ...this.#stream.measure(), bytes: this.#bytes, aheadS: this.#ahead(), lateS: this.#late(),
    };
  }

  /** As `PeerCommands.ask`: false for a picture through the hub. */
  ask(command, done, refused) {
    return this.#stream.ask?.(command, done, refused) ?? false;
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
    this.#stream.close();
    this.#screen.close();
  }

  #take(bytes) {
    this.#bytes += bytes.length;
    this.#screen.push(bytes);
    const { newest } = this.#screen.feed;
    if (newest !== null) this.#clock.arrived(newest, performance.now());
  }

  #end(end) {
    if (this.#ended || this.#screen.closed) return;
    this.#ended = true;
    this.#stream.close();
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
    const { rate, skip } = chase(this.#ahead(), video.playbackRate, performance.now() < this.#settleUntil, this.#target);
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (skip) video.currentTime += skip;
  }
}
