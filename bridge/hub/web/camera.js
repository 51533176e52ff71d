import { livePath, probeLive } from './api.js';
import { decodeKeyFrame } from './key-picture.js';
import { PlaybackSession } from './playback.js';
import { openLive } from './player.js';
import { Previews } from './preview.js';
import { LiveRace } from './race.js';
import { RecordingIndex } from './recording-index.js';
import { playRecording } from './recording-player.js';
import { getKeyFrame, listRecordings, openRecording } from './recordings-api.js';
import { LiveSession } from './session.js';

const nothingRecorded = Object.freeze({ status: 200, problem: '', segments: [], gaps: [] });
const previewsKept = { phone: 20, other: 200 };

/**
 * One open camera: its recordings, its previews, and the session that has the picture, live or playback. Joins the
 * sessions to the network and the elements.
 */
export class OpenCamera {
  #id;
  #store;
  #deps;
  #previews;
  #session = null;
  #mode = null;

  /** What is recorded: a `RecordingIndex`. */
  index;

  /**
   * @param {string} id
   * @param {object} store
   * @param {object} deps  `video`, `still`, `clock`, `refresh(id)`, `soundOn()`, `notify(notice)`, `isPhone`
   */
  constructor(id, store, deps) {
    this.#id = id;
    this.#store = store;
    this.#deps = deps;
    const list = (...asked) => (store.get().hub.local ? nothingRecorded : listRecordings(...asked));
    this.index = new RecordingIndex(id, store, list, deps.clock);
    this.#previews = new Previews(store, {
      getKeyFrame: (at, signal) => getKeyFrame(id, at, signal), decode: decodeKeyFrame,
    }, deps.isPhone ? previewsKept.phone : previewsKept.other);
  }

  /** The session that has the picture. */
  get session() {
    return this.#session;
  }

  /**
   * Shows the camera live, or plays its recordings.
   *
   * @param {number|null} at  ms; null for live
   * @param {boolean} hidden  nobody sees the page now
   */
  show(at, hidden) {
    const mode = at === null ? 'live' : 'play';
    if (mode === 'play' && this.#mode === 'play') {
      this.#session.go(at);
      return;
    }
    if (mode === this.#mode) return;
    this.#session?.close();
    this.#mode = mode;
    this.#store.set({ mode, clip: null });
    this.#session = at === null ? this.#live() : this.#playback(at);
    this.#session.setHidden(hidden);
  }

  /** A picture of a time is wanted for the track; null for none. */
  want(at, step) {
    this.#previews.want(at, step);
  }

  /** Ends everything; nothing is written to the store afterwards. */
  close() {
    this.#session?.close();
    this.#previews.close();
    this.index.close();
  }

  #live() {
    const { video, still, clock, refresh, soundOn } = this.#deps;
    const here = { id: this.#id, path: livePath(this.#id), video, still };
    const openWay = (request, handlers) => openLive({ ...request, ...here }, handlers);
    return new LiveSession(this.#id, this.#store, {
      openLive: (request, on) => new LiveRace(request, { openWay, clock }, on),
      probeLive, refresh, clock, soundOn: soundOn(),
    });
  }

  #playback(at) {
    const { video, still, clock, soundOn, notify } = this.#deps;
    const play = ({ end, ...request }, handlers) => playRecording({
      ...request, video, still, open: (signal) => openRecording(this.#id, request.at, end, signal),
    }, handlers);
    return new PlaybackSession(this.#id, this.#store, { index: this.index, play, notify, clock, soundOn: soundOn() }, at);
  }
}
