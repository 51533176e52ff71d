/**
 * Key-frame pictures for the track: at most one is asked for at a time, and the newest wish wins. Writes `preview` of the
 * store: `{at, picture}`, where `picture` (anything with width and height that a canvas draws) may be an older one until
 * the wanted one is here, or null.
 */
export class Previews {
  #store;
  #deps;
  #most;
  #kept = new Map(); // place in time -> picture or null, oldest use first
  #wish = null;
  #busy = new AbortController();
  #running = false;
  #closed = false;

  /**
   * @param {object} store
   * @param {{getKeyFrame: (at: number, signal: AbortSignal) => Promise<object|null>,
   *   decode: (flv: Uint8Array) => Promise<object|null>}} deps
   * @param {number} most  pictures kept
   */
  constructor(store, deps, most) {
    this.#store = store;
    this.#deps = deps;
    this.#most = most;
    store.set({ preview: { at: null, picture: null } });
  }

  /**
   * @param {number|null} at  ms; null when no picture is wanted any more
   * @param {number} step  ms within which one picture is as good as another
   */
  want(at, step) {
    this.#wish = at === null ? null : { at, place: `${step} ${Math.floor(at / step)}`, asked: Math.floor(at / step) * step + step / 2 };
    if (at === null) {
      this.#show(null, null);
      return;
    }
    const { place } = this.#wish;
    if (this.#kept.has(place)) this.#use(place);
    else {
      this.#show(at, this.#store.get().preview.picture);
      this.#run();
    }
  }

  /** Nothing is asked for or written to the store afterwards. */
  close() {
    this.#closed = true;
    this.#busy.abort();
    this.#kept.clear();
  }

  #use(place) {
    const picture = this.#kept.get(place);
    this.#kept.delete(place);
    this.#kept.set(place, picture);
    this.#show(this.#wish.at, picture);
  }

  #show(at, picture) {
    if (!this.#closed) this.#store.set({ preview: { at, picture } });
  }

  async #run() {
    if (this.#running) return;
    this.#running = true;
    while (this.#wish && !this.#closed && !this.#kept.has(this.#wish.place)) {
      const { place, asked } = this.#wish;
      const frame = await this.#deps.getKeyFrame(asked, this.#busy.signal);
      const picture = frame && !this.#closed ? await this.#deps.decode(frame.bytes).catch(() => null) : null;
      if (this.#closed) break;
      this.#keep(place, picture);
      // A late answer for another place is kept, and not shown.
      if (this.#wish?.place === place) this.#use(place);
    }
    this.#running = false;
  }

  #keep(place, picture) {
    this.#kept.set(place, picture);
    for (const old of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) break;
      this.#kept.get(old)?.close?.();
      this.#kept.delete(old);
    }
  }
}
