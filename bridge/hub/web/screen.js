import { FlvFeed } from './flv.js';
import { G711Sound } from './g711-sound.js';
import { g711Rate } from './g711.js';
import { createFlvPlayer, loadMpegts } from './mpegts-player.js';

// A new AudioContext is suspended for a moment even where sound is allowed.
const heldAfterMs = 500;

/**
 * One FLV stream, live or recorded, on the page's video element: picture, sound, and what the browser holds back.
 */
export class Screen {
  #video;
  #still;
  #handlers;
  #behindS;
  #soundOn;
  #gone = new AbortController();
  #waiting = []; // what came before mpegts.js was here
  #player = null;
  #starting = false;
  #g711 = null;
  #g711Since = 0;
  #muteForced = false;
  #pausedByBrowser = false;
  #pausedByPerson;

  /** @type {FlvFeed} */
  feed;
  /** A picture of this stream is on the screen. */
  shown = false;

  /**
   * @param {object} request
   * @param {HTMLVideoElement} request.video
   * @param {HTMLCanvasElement} request.still  lies below the video and keeps its last picture after `close()`
   * @param {boolean} request.soundOn
   * @param {boolean|null} request.expectSound  as for `FlvFeed`
   * @param {'live'|'recording'|'keys'} request.kind  as for `FlvFeed`
   * @param {number} request.behindS  seconds kept behind the picture
   * @param {boolean} [request.paused]  begins held on its first picture
   * @param {object} handlers
   * @param {() => void} [handlers.onKey]  a first picture is there; up to now the elements were not touched
   * @param {() => void} handlers.onPicture  the first picture is on the screen
   * @param {() => void} handlers.onCanPlay  the player has enough to go on, also after a wait
   * @param {(end: object) => void} handlers.onEnd  the stream cannot be shown on: `reason` is `media` (with `name`),
   *   `codec` (with `name`), `restart` (with `expectSound`) or `closed` (mpegts.js did not load). May run more than once
   */
  constructor({ video, still, soundOn, expectSound, kind, behindS, paused = false }, handlers) {
    this.#video = video;
    this.#still = still;
    this.#soundOn = soundOn;
    this.#behindS = behindS;
    this.#pausedByPerson = paused;
    this.#handlers = handlers;
    this.feed = new FlvFeed(expectSound, kind);
    loadMpegts().catch(() => this.#end({ reason: 'closed', code: 0 }));
  }

  /** `close()` was called. */
  get closed() {
    return this.#gone.signal.aborted;
  }

  /** @param {Uint8Array} bytes  the next bytes of the stream */
  push(bytes) {
    if (this.closed) return;
    try {
      const { player, g711 } = this.feed.push(bytes);
      for (const sound of g711) this.#takeG711(sound);
      if (this.feed.restart) {
        this.#end({ reason: 'restart', ...this.feed.restart });
        return;
      }
      if (!player) return;
      if (!this.#starting) this.#handlers.onKey?.();
      if (this.closed) return;
      if (!this.#starting) this.#start();
      if (this.#player) this.#player.push(player);
      else this.#waiting.push(player);
    } catch {
      this.#unplayable();
    }
  }

  /**
   * Call a few times a second: this also keeps the sound going.
   *
   * @returns {{video: boolean, sound: 'unknown'|'player'|'g711'|'none', held: boolean, paused: boolean}}  `video` = some
   *   video has arrived; `held` = the browser keeps the sound back; `paused` = it keeps the picture back
   */
  sample() {
    this.#pumpSound();
    const held = this.feed.sound === 'g711'
      ? Boolean(this.#g711?.held) && performance.now() - this.#g711Since > heldAfterMs
      : this.#muteForced;
    return {
      video: this.feed.video !== null,
      sound: this.feed.sound,
      held: this.#soundOn && held,
      paused: this.#pausedByBrowser,
    };
  }

  /**
   * @returns {{shown: number, dropped: number, width: number, height: number, codec: string|undefined, sound: string}}
   *   pictures since the stream began, and what it is
   */
  pictures() {
    const { totalVideoFrames = 0, droppedVideoFrames = 0 } = this.#video.getVideoPlaybackQuality?.() ?? {};
    return {
      shown: totalVideoFrames - droppedVideoFrames,
      dropped: droppedVideoFrames,
      width: this.#video.videoWidth,
      height: this.#video.videoHeight,
      codec: this.feed.video?.name,
      sound: this.feed.sound,
    };
  }

  /** @param {boolean} on  call inside a key press or a tap to lift what the browser holds back */
  setSound(on) {
    this.#soundOn = on;
    this.#muteForced = false;
    if (on) this.#g711?.resume();
    this.#applySound();
    if (on && this.#player && this.#video.paused && !this.#pausedByPerson) this.#play();
  }

  /** Goes on. */
  play() {
    this.#pausedByPerson = false;
    if (this.#player) this.#play();
  }

  /** Holds the picture; the stream may go on arriving. */
  pause() {
    this.#pausedByPerson = true;
    if (this.#player) this.#video.pause();
  }

  /** Leaves the last picture on the still, and ends. Nothing is reported afterwards. */
  close() {
    if (this.closed) return;
    this.#gone.abort();
    if (this.shown) copyPicture(this.#video, this.#still);
    this.#g711?.close();
    this.#player?.destroy();
  }

  #end(end) {
    if (!this.closed) this.#handlers.onEnd(end);
  }

  #unplayable() {
    this.#end({ reason: 'media', name: this.feed.video?.name ?? 'this' });
  }

  async #start() {
    this.#starting = true;
    const { name, codec } = this.feed.video;
    const source = globalThis.MediaSource ?? globalThis.ManagedMediaSource;
    if (!codec || !source?.isTypeSupported(`video/mp4; codecs="${codec}"`)) {
      this.#end({ reason: 'codec', name });
      return;
    }
    const mpegts = await loadMpegts().catch(() => null);
    if (!mpegts || this.closed) return;
    this.#listen();
    this.#video.autoplay = !this.#pausedByPerson;
    this.#player = createFlvPlayer(mpegts, this.#video, {
      hasSound: this.feed.playerSound, behindS: this.#behindS, onError: () => this.#unplayable(),
    });
    for (const bytes of this.#waiting.splice(0)) this.#player.push(bytes);
    this.#applySound();
    if (!this.#pausedByPerson) this.#play();
  }

  #listen() {
    const video = this.#video;
    const options = { signal: this.#gone.signal };
    const shown = () => {
      if (this.shown || this.closed) return;
      this.shown = true;
      this.#handlers.onPicture();
    };
    // A hidden page gets no frame callbacks, and a held picture may get none; there a decoded one has to count as shown.
    const framed = video.requestVideoFrameCallback && !document.hidden;
    if (framed) video.requestVideoFrameCallback(shown);
    const decoded = () => {
      if ((!framed || this.#pausedByPerson) && video.readyState >= 2) shown(); // HAVE_CURRENT_DATA
    };
    video.addEventListener('loadeddata', decoded, options);
    video.addEventListener('pause', decoded, options);
    video.addEventListener('canplay', () => this.#handlers.onCanPlay(), options);
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
      if (error.name !== 'NotAllowedError' || this.closed) return;
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
    if (this.#player) this.#video.muted = !this.#soundOn || !this.feed.playerSound || this.#muteForced;
    this.#g711?.setOn(this.#soundOn);
  }

  #takeG711({ timestamp, ...sound }) {
    if (this.feed.base === null) return;
    if (!this.#g711) {
      this.#g711 = new G711Sound(new AudioContext({ sampleRate: g711Rate }));
      this.#g711Since = performance.now();
      this.#applySound();
    }
    this.#g711.push((timestamp - this.feed.base) / 1000, sound);
    this.#pumpSound();
  }

  #pumpSound() {
    const video = this.#video;
    const still = video.paused || video.seeking || video.readyState < 3; // HAVE_FUTURE_DATA
    this.#g711?.pump(video.currentTime, still ? 0 : video.playbackRate);
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
