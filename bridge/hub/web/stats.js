const sampleMs = 1000;
const keptSamples = 60;
// The hub's own figures are asked for this often, in samples.
const askEvery = 2;
const historyMs = 300000;
const showing = ['live', 'playback'];

/** Behind the stream by more than this is worth a word, seconds: what the hub path may keep is 2.5. */
export const behindS = 2.5;

/**
 * Samples of the open camera while somebody looks at them, and what they mean. Writes `stats` of the store: null while
 * closed, else `{now, samples, measured, startup, roundTripMs, skippedMinute, byCamera, dropped, lastPicture, verdict}`, where a
 * sample is `{mbit, frames, lateS, aheadS, dropped}`. The names of the states of the last five minutes are kept always, for the report.
 */
export class Statistics {
  #store;
  #clock;
  #source;
  #ask;
  #samples = [];
  #last = null;
  #skipped = [];
  #skippedByCamera = [];
  #roundTripMs = null;
  #ticks = 0;
  #history = [];
  #lastPicture = null;
  #cancel = () => {};

  /**
   * @param {object} store
   * @param {{now: Function, after: Function}} clock
   * @param {() => object|null} source  `measure()` of the open session
   * @param {(id: string) => Promise<object|null>} ask  reads one camera anew from the hub
   */
  constructor(store, clock, source, ask) {
    this.#store = store;
    this.#clock = clock;
    this.#source = source;
    this.#ask = ask;
    store.subscribe(({ session }) => this.#note(session));
  }

  /** Begins or ends to collect. */
  setOpen(open) {
    this.#cancel();
    this.#samples = [];
    this.#skipped = this.#skippedByCamera = [];
    this.#last = this.#roundTripMs = null;
    this.#ticks = 0;
    if (open) this.#tick();
    else this.#store.set({ stats: null });
  }

  /** @returns {{at: number, id: string, name: string}[]}  each state of the last five minutes with its beginning, ms */
  get history() {
    return this.#history;
  }

  #note(session) {
    if (!session) return;
    const { id, name } = session;
    const last = this.#history.at(-1);
    if (last?.id === id && last.name === name) return;
    const now = this.#clock.now();
    if (last && showing.includes(last.name)) this.#lastPicture = now;
    if (last?.id !== id) this.#lastPicture = null;
    this.#history = [...this.#history.filter(({ at }, i, all) => (all[i + 1]?.at ?? now) > now - historyMs), { at: now, id, name }];
  }

  #tick() {
    const measured = this.#source();
    const now = this.#clock.now();
    if (measured?.bytes !== undefined) this.#sample(measured, now);
    else this.#last = null;
    if (measured?.camera) this.#noteCamera(measured.camera, now);
    else this.#skippedByCamera = [];
    if (this.#ticks % askEvery === 0) this.#askHub();
    this.#ticks += 1;
    this.#publish(measured, now);
    this.#cancel = this.#clock.after(sampleMs, () => this.#tick());
  }

  #sample(measured, now) {
    const last = this.#last;
    this.#last = { ...measured, at: now };
    if (!last || measured.bytes < last.bytes || measured.shown < last.shown) return; // the first, or a new stream
    const seconds = (now - last.at) / 1000;
    this.#samples = [...this.#samples, {
      mbit: (measured.bytes - last.bytes) * 8 / 1e6 / seconds,
      frames: (measured.shown - last.shown) / seconds,
      dropped: measured.dropped - last.dropped,
      lateS: measured.lateS,
      aheadS: measured.aheadS,
    }].slice(-keptSamples);
  }

  #noteCamera(camera, now) {
    const skipped = skippedOf(camera).reduce((sum, [, count]) => sum + count, 0);
    const kept = this.#skippedByCamera.filter(({ at, all }) => now - at <= keptSamples * sampleMs && all <= skipped);
    this.#skippedByCamera = [...kept, { at: now, all: skipped }];
  }

  async #askHub() {
    const { session } = this.#store.get();
    if (!session) return;
    const from = this.#clock.now();
    const device = await this.#ask(session.id);
    if (!device) return;
    this.#roundTripMs = Math.max(1, Math.round(this.#clock.now() - from));
    if (device.skipped_tags === undefined) return;
    const kept = this.#skipped.filter(({ at, id }) => id === session.id && from - at <= keptSamples * sampleMs);
    this.#skipped = [...kept, { at: from, id: session.id, tags: device.skipped_tags }];
  }

  #publish(measured, now) {
    const { session } = this.#store.get();
    if (!session) return;
    const skippedMinute = this.#skipped.length ? this.#skipped.at(-1).tags - this.#skipped[0].tags : 0;
    const byCamera = this.#skippedByCamera.length ? this.#skippedByCamera.at(-1).all - this.#skippedByCamera[0].all : 0;
    const dropped = this.#samples.reduce((sum, sample) => sum + sample.dropped, 0);
    const stats = {
      now, samples: this.#samples, measured, roundTripMs: this.#roundTripMs, skippedMinute, byCamera, dropped,
      startup: measured?.startup ?? null, lastPicture: this.#lastPicture,
    };
    this.#store.set({ stats: { ...stats, verdict: verdictOf(session, stats) } });
  }
}

/** @returns {[string, number][]}  pictures that the camera left out for this viewer, by cause */
export const skippedOf = (camera) => ['late', 'overflow', 'lifetime'].map((cause) => [cause, camera[`frames-dropped-${cause}`] ?? 0]);

// Loss that is worth a word, as a share.
const lossShare = 0.01;

// A stream that begins leaves pictures out to reach its live edge; after so many seconds that is no excuse.
const busySamples = 20;
const busyShare = 0.05;

const playing = ['live', 'playback', 'paused'];
/** @returns {boolean}  what is measured comes from the camera itself */
export const isDirect = (measured) => measured?.way === 'direct' || measured?.way === 'relay';

const underWay = ['connecting', 'lookup'];

/**
 * @param {object} session
 * @param {object} stats  as above
 * @returns {{kind: 'healthy'|'behind'|'lossy'|'losing'|'struggling'|'skipping'|'busy'|'connecting'|'none', value: number}}
 *   `lossy`: what is lost leaves a connection no more than `value` bit/s, and the stream is more;
 *   `losing`: `value` % are lost on the way from the camera; `struggling`: it left out `value` pictures for us, and
 *   `skipping`: the hub left out `value` tags for slow viewers, in the last minute; `busy`: this device left out `value`
 *   pictures
 */
export function verdictOf(session, { samples, measured, skippedMinute, byCamera, dropped }) {
  const last = samples.at(-1);
  if (underWay.includes(session.name)) return { kind: 'connecting', value: 0 };
  if (!playing.includes(session.name)) return { kind: 'none', value: 0 };
  const camera = measured?.camera;
  if (camera?.['too-lossy']) return { kind: 'lossy', value: camera['loss-bitrate'] };
  if (last?.lateS > behindS) return { kind: 'behind', value: last.lateS };
  const loss = camera?.loss ?? 0;
  if (loss >= lossShare) return { kind: 'losing', value: Math.round(loss * 100) };
  if (byCamera > 0) return { kind: 'struggling', value: byCamera };
  if (skippedMinute > 0 && !isDirect(measured)) return { kind: 'skipping', value: skippedMinute };
  const frames = samples.reduce((sum, sample) => sum + sample.frames, 0);
  if (samples.length >= busySamples && dropped > busyShare * (frames + dropped)) return { kind: 'busy', value: dropped };
  return { kind: 'healthy', value: 0 };
}
