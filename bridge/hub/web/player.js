import { chase, LateClock } from './edge.js';
import { FlvFeed } from './flv.js';
import { openFlvSocket } from './flv-socket.js';
import { G711Sound } from './g711-sound.js';
import { g711Rate } from './g711.js';
import { createFlvPlayer, loadMpegts } from './mpegts-player.js';

// A new AudioContext is suspended for a moment even where sound is allowed.
const heldAfterMs = 500;

// What the hub sends at once, from its last key frame on, arrives within this time of the first picture.
const settleMs = 500;

/**
 * Plays one live stream through the hub on a video element, close to its live edge.
 *
 * @param {object} request
 * @param {string} request.path  of the stream, such as `/live/front-door.flv`
 * @param {HTMLVideoElement} request.video
 * @param {HTMLCanvasElement} request.still  lies below the video and keeps its last picture after `close()`
 * @param {boolean} request.soundOn
 * @param {boolean|null} request.expectSound  as for `FlvFeed`
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
  #still;
  #handlers;
  #soundOn;
  #feed;
  #clock = new LateClock();
  #gone = new AbortController();
  #waiting = []; // what came before mpegts.js was here
  #player = null;
  #starting = false;
  #g711 = null;
  #g711Since = 0;
  #muteForced = false;
  #pausedByBrowser = false;
  #pausedByPerson = false;
  #shown = false;
  #ended = false;
  #settleUntil = 0;
  #closeSocket;

  constructor({ path, video, still, soundOn, expectSound }, handlers) {
    this.#video = video;
    this.#still = still;
    this.#soundOn = soundOn;
    this.#handlers = handlers;
    this.#feed = new FlvFeed(expectSound);
    loadMpegts().catch(() => this.#end({ reason: 'closed', code: 0 }));
    let first = true;
    this.#closeSocket = openFlvSocket(path, {
      onOpen: handlers.onOpen,
      onBytes: (bytes) => {
        if (first) handlers.onBytes();
        first = false;
        this.#take(bytes);
      },
      onClose: ({ code }) => this.#end({ reason: 'closed', code }),
    });
  }

  /**
   * What the session has to know, a few times a second. Also keeps the picture at the live edge.
   *
   * @returns {{time: number, late: number, video: boolean, sound: 'unknown'|'player'|'g711'|'none', held: boolean,
   *   paused: boolean}}  `time` = the picture's clock and `late` = its delay behind the stream, in seconds; `video` =
   *   some video has arrived; `held` = the browser keeps the sound back; `paused` = it keeps the picture back
   */
  sample() {
    const video = this.#video;
    const now = performance.now();
    if (this.#shown) this.#chase();
    this.#pumpSound();
    const held = this.#feed.sound === 'g711'
      ? Boolean(this.#g711?.held) && now - this.#g711Since > heldAfterMs
      : this.#muteForced;
    return {
      time: video.currentTime,
      late: this.#feed.base === null ? 0 : this.#clock.late(this.#feed.base + video.currentTime * 1000, now),
      video: this.#feed.video !== null,
      sound: this.#feed.sound,
      held: this.#soundOn && held,
      paused: this.#pausedByBrowser,
    };
  }

  /** @param {boolean} on  call inside a key press or a tap to lift what the browser holds back */
  setSound(on) {
    this.#soundOn = on;
    this.#muteForced = false;
    if (on) this.#g711?.resume();
    this.#applySound();
    if (on && this.#video.paused && !this.#pausedByPerson) this.#play();
  }

  /** Goes on at the live edge. */
  play() {
    this.#pausedByPerson = false;
    this.#settleUntil = performance.now() + settleMs;
    this.#play();
  }

  /** Holds the picture; the stream goes on arriving. */
  pause() {
    this.#pausedByPerson = true;
    this.#video.pause();
  }

  /** Leaves the last picture on the still, and ends. Nothing is reported afterwards. */
  close() {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort();
    this.#closeSocket();
    if (this.#shown) copyPicture(this.#video, this.#still);
    this.#g711?.close();
    this.#player?.destroy();
  }

  #end(end) {
    if (this.#ended || this.#gone.signal.aborted) return;
    this.#ended = true;
    this.#closeSocket();
    // A closed stream plays on to its last picture; the session closes when it opens the next one.
    if (end.reason !== 'closed') this.close();
    this.#handlers.onEnd(end);
  }

  #take(bytes) {
    try {
      const { player, g711 } = this.#feed.push(bytes);
      if (this.#feed.newest !== null) this.#clock.arrived(this.#feed.newest, performance.now());
      for (const sound of g711) this.#takeG711(sound);
      if (this.#feed.restart) {
        this.#end({ reason: 'restart', ...this.#feed.restart });
        return;
      }
      if (!player) return;
      if (!this.#starting) this.#start();
      if (this.#player) this.#player.push(player);
      else this.#waiting.push(player);
    } catch {
      this.#unplayable();
    }
  }

  #unplayable() {
    this.#end({ reason: 'media', name: this.#feed.video?.name ?? 'this' });
  }

  async #start() {
    this.#starting = true;
    const { name, codec } = this.#feed.video;
    const source = globalThis.MediaSource ?? globalThis.ManagedMediaSource;
    if (!codec || !source?.isTypeSupported(`video/mp4; codecs="${codec}"`)) {
      this.#end({ reason: 'codec', name });
      return;
    }
    const mpegts = await loadMpegts().catch(() => null);
    if (!mpegts || this.#gone.signal.aborted) return;
    this.#listen();
    this.#player = createFlvPlayer(mpegts, this.#video, this.#feed.playerSound, () => this.#unplayable());
    for (const bytes of this.#waiting.splice(0)) this.#player.push(bytes);
    this.#applySound();
    this.#play();
  }

  #listen() {
    const video = this.#video;
    const options = { signal: this.#gone.signal };
    const shown = () => {
      if (this.#shown || this.#gone.signal.aborted) return;
      this.#shown = true;
      this.#handlers.onPicture();
    };
    // A hidden page gets no frame callbacks; there a decoded picture has to count as shown.
    if (video.requestVideoFrameCallback && !document.hidden) video.requestVideoFrameCallback(shown);
    else video.addEventListener('loadeddata', shown, options);
    video.addEventListener('canplay', () => {
      this.#settleUntil ||= performance.now() + settleMs;
      this.#chase();
    }, options);
    video.addEventListener('seeking', () => this.#g711?.flush(), options);
    video.addEventListener('playing', () => { this.#pausedByBrowser = false; }, options);
    video.addEventListener('pause', () => {
      if (video.paused && !document.hidden && !this.#pausedByPerson) this.#pausedByBrowser = true;
    }, options);
  }

  async #play() {
    try {
      await this.#video.play();
    } catch (error) {
      // Anything but NotAllowedError (such as AbortError, by the next load) says nothing about sound.
      if (error.name !== 'NotAllowedError' || this.#gone.signal.aborted) return;
      if (this.#video.muted) {
        this.#pausedByBrowser = true;
        return;
      }
      this.#muteForced = true;
      this.#applySound();
      this.#play();
    }
  }

  #applySound() {
    this.#video.muted = !this.#soundOn || !this.#feed.playerSound || this.#muteForced;
    this.#g711?.setOn(this.#soundOn);
  }

  #takeG711({ timestamp, ...sound }) {
    if (!this.#g711) {
      this.#g711 = new G711Sound(new AudioContext({ sampleRate: g711Rate }));
      this.#g711Since = performance.now();
      this.#applySound();
    }
    if (this.#feed.base === null) return;
    this.#g711.push((timestamp - this.#feed.base) / 1000, sound);
    this.#pumpSound();
  }

  #pumpSound() {
    const video = this.#video;
    const still = video.paused || video.seeking || video.readyState < 3; // HAVE_FUTURE_DATA
    this.#g711?.pump(video.currentTime, still ? 0 : video.playbackRate);
  }

  #chase() {
    const video = this.#video;
    if (video.paused || video.seeking || !video.buffered.length) return;
    const ahead = video.buffered.end(video.buffered.length - 1) - video.currentTime;
    const { rate, skip } = chase(ahead, video.playbackRate, performance.now() < this.#settleUntil);
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (skip) video.currentTime += skip;
  }
}

/**
 * Copies the picture that a video shows.
 *
 * @param {HTMLVideoElement} video
 * @param {HTMLCanvasElement} canvas  takes the picture's size; unchanged while the video has no picture
 */
export function copyPicture(video, canvas) {
  if (!video.videoWidth) return;
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
}
