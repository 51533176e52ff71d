import { retryDelay } from './time.js';

// A hub that is back is found within 4 s, a camera that serves its own page is looked at that often.
const mostDelays = 2;
const localS = 4;

/**
 * Keeps `devices` and `hub` of the store as the hub tells them: the whole list once per connection, then by events.
 * `hub` is `{state: 'loading'|'ok'|'lost'|'refused', retryIn, status, problem, local}`; `retryIn` in seconds while lost;
 * `local`: there is no hub, the page is that of one camera.
 */
export class Directory {
  #store;
  #hub;
  #clock;
  #closeEvents = () => {};
  #cancelTick = () => {};
  #changedDuringRead = null;
  #attempt = 0;
  #run = 0;
  #kind = {}; // or `{ local: true }`

  /**
   * @param {object} store
   * @param {{getDevices: Function, getDevice: Function, getHealth: Function, openEvents: Function}} hub
   * @param {{now: Function, after: Function}} clock
   */
  constructor(store, hub, clock) {
    this.#store = store;
    this.#hub = hub;
    this.#clock = clock;
  }

  /** Connects, at once; also the answer to [Try now] and to a new token. */
  connect() {
    this.#closeEvents();
    this.#cancelTick();
    const run = ++this.#run;
    if (this.#kind.local) {
      this.#read(run).then((answered) => run === this.#run && this.#retry(answered));
      return;
    }
    this.#closeEvents = this.#hub.openEvents({
      onOpen: () => this.#read(run),
      onEvent: (name, data) => this.#merge(name === 'recording' ? { id: data.id, recording: data.recording } : data),
      onLost: () => this.#read(run).then((answered) => run === this.#run && this.#retry(answered)),
    });
    this.#read(run);
  }

  /**
   * Reads one camera anew, for a decision that must not rest on an event still under way.
   *
   * @param {string} id
   * @returns {Promise<object|null>}  the camera, or null when it cannot be had
   */
  async refresh(id) {
    if (this.#kind.local) return (await this.#devices()).value?.[0] ?? null;
    const { value } = await this.#hub.getDevice(id);
    if (value) this.#merge(value);
    return value;
  }

  // Resolves to whether the hub has answered.
  async #read(run) {
    this.#changedDuringRead = [];
    const { status, problem, value } = await this.#devices();
    if (run !== this.#run) return false;
    const changed = this.#changedDuringRead ?? [];
    this.#changedDuringRead = null;
    if (value) {
      this.#attempt = 0;
      this.#store.set({ devices: value, hub: { state: 'ok', ...this.#kind } });
      for (const device of changed) this.#merge(device); // newer than the answer
    } else if (status === 401 || status === 403) {
      this.#closeEvents();
      this.#store.set({ hub: { state: 'refused', status, problem } });
    }
    return status !== 0;
  }

  // A camera knows no list; who it is stands in its health.
  async #devices() {
    const list = this.#kind.local ? null : await this.#hub.getDevices();
    if (list && list.status !== 404) return list;
    const health = await this.#hub.getHealth();
    const { device: id, ptz } = health.value ?? {};
    if (!id) return list ?? health;
    this.#kind = { local: true };
    return { ...health, value: [{ id, online: true, live: true, ...(ptz && { ptz }) }] };
  }

  #retry(answered) {
    const { state } = this.#store.get().hub;
    if (state === 'refused') return;
    const fine = this.#kind.local && answered;
    this.#count(fine ? localS : retryDelay(Math.min(this.#attempt, mostDelays)), !answered);
    if (!fine) this.#attempt += 1;
  }

  // Without events but with answers (a proxy in between), the list is kept by asking, and the person sees no fault.
  #count(seconds, lost) {
    if (lost) this.#store.set({ hub: { state: 'lost', retryIn: seconds, ...this.#kind } });
    if (seconds === 0) {
      this.connect();
      return;
    }
    this.#cancelTick = this.#clock.after(1000, () => this.#count(seconds - 1, lost));
  }

  #merge(change) {
    this.#changedDuringRead?.push(change);
    const { devices } = this.#store.get();
    if (!devices) return;
    const known = devices.some(({ id }) => id === change.id);
    const merged = devices.map((device) => (device.id === change.id ? { ...device, ...change } : device));
    this.#store.set({ devices: known ? merged : [...devices, change] });
  }
}
