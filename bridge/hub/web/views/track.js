import { el } from '../dom.js';
import { dayStart } from '../days.js';
import { holding } from '../stretches.js';
import { timelineLabels, trackText } from '../texts.js';
import { trackData } from '../track-data.js';
import { following, keyStep, panned, previewStep, spanLimits, zoomed } from '../track-scale.js';
import { drawTrack } from './track-drawing.js';
import { listenToTrack } from './track-input.js';
import { createTrackPreview } from './track-preview.js';

// Arrow keys move the head at once; it plays there when they rest.
const keyCommitMs = 500;
const tickMs = 1000;
const nowhere = { from: 0, to: 0 };
// A clip narrower than this, or nearer to the end of the window, is hard to hold.
const edgeShare = 0.06;

/** The track: one window of time, what is recorded in it, and the head. */
export class Track {
  #store;
  #intents;
  #slider = el('div.track', { role: 'slider', tabindex: 0, 'aria-label': timelineLabels.time });
  #preview = createTrackPreview();
  #handles;
  #view = { from: dayStart(Date.now()), to: dayStart(Date.now(), 1) };
  #follow = true;
  #pointed = null; // {at, kind: 'scrub'|'hover'|'key'}
  #data = trackData({}, this.#view, Date.now());
  #drawn = null; // the `recordings` and the days that #data was made of, and until when it holds
  #queued = false;
  #keyTimer = 0;

  /** Holds the track and what rides above it. */
  root;

  /**
   * @param {object} store
   * @param {object} intents
   * @param {(at: number) => void} intents.play
   * @param {() => void} intents.live
   * @param {(at: number|null, step: number) => void} intents.want  a picture of that time is wanted; null for none
   * @param {(view: {from: number, to: number}) => void} intents.look  another window is shown
   * @param {(data: object) => void} intents.learned  `data` may have changed
   * @param {{nodes: HTMLElement[], draw: Function}} handles  of a clip
   */
  constructor(store, intents, handles) {
    this.#store = store;
    this.#intents = intents;
    this.#handles = handles;
    this.root = el('div.track-place', {}, this.#slider, ...handles.nodes, this.#preview.root);
    this.#listen();
    new ResizeObserver(() => this.draw()).observe(this.#slider);
    store.subscribe(() => this.draw());
    setInterval(() => this.#isLive() && !document.hidden && this.draw(), tickMs);
  }

  /** The window shown, `{from, to}` in ms. */
  get view() { return this.#view; }

  /** What is known to be recorded and why not: as `trackData`. */
  get data() { return this.#data; }

  /** Shows so many ms around the head, or around the middle when somebody has moved the track. */
  zoom(span) {
    this.#zoom(span, this.#follow ? this.#head() : (this.#view.from + this.#view.to) / 2);
  }

  /** Shows a time, with the zoom as it is. */
  show(time) {
    this.#follow = false;
    this.#setView(zoomed(this.#view.to - this.#view.from, time, nowhere, false));
  }

  /** Sees to it that a clip can be held by both ends: all of it in the window, and not too narrow. */
  frame({ start, end }) {
    const span = this.#view.to - this.#view.from;
    const fits = start > this.#view.from + span * edgeShare && end < this.#view.to - span * edgeShare;
    if (fits && end - start > span * edgeShare) return;
    this.#follow = false;
    this.#setView(zoomed(3 * (end - start), (start + end) / 2, nowhere, false));
  }

  /** Keeps the head in the window from now on. */
  follow() {
    this.#follow = true;
    this.draw();
  }

  /** Draws before the next picture of the screen. */
  draw() {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      if (this.#slider.clientWidth && this.#store.get().session) this.#draw();
    });
  }

  #isLive() {
    return this.#store.get().mode !== 'play';
  }

  #head() {
    return this.#isLive() ? Date.now() : this.#store.get().session?.at ?? Date.now();
  }

  #timeAt(x) {
    return this.#view.from + x / this.#slider.clientWidth * (this.#view.to - this.#view.from);
  }

  #learn(now) {
    const state = this.#store.get();
    const days = dayStart(this.#view.from) + dayStart(this.#view.to);
    if (state.recordings === this.#drawn?.recordings && days === this.#drawn.days && now < this.#drawn.until) return;
    this.#data = trackData(state, this.#view, now);
    this.#drawn = { recordings: state.recordings, days, until: now + tickMs };
    this.#intents.learned(this.#data);
  }

  #draw() {
    const now = Date.now();
    this.#learn(now);
    const head = this.#head();
    if (this.#follow && !this.#pointed) this.#setView(following(this.#view, head, this.#isLive()));
    const moved = this.#pointed && this.#pointed.kind !== 'hover';
    const at = moved ? this.#pointed.at : head;
    const live = this.#isLive() && !moved;
    const { clientWidth: width, clientHeight: height } = this.#slider;
    this.#slider.replaceChildren(drawTrack({
      ...this.#data, view: this.#view, width, height, now,
      head: { at, live, seconds: !live }, playing: moved && !this.#isLive() ? head : null,
    }));
    this.#describe(at, live, now);
    this.#preview.draw(this.#pointed, { ...this.#data, view: this.#view, width, picture: this.#store.get().preview?.picture });
    this.#handles.draw(this.#view, width);
  }

  #describe(at, live, now) {
    const { stretches, gaps } = this.#data;
    const { from, to } = this.#view;
    const seconds = (time) => Math.round(time / 1000);
    const values = {
      valuemin: seconds(from), valuemax: seconds(to), valuenow: seconds(Math.min(Math.max(at, from), to)),
      valuetext: trackText(at, { recorded: Boolean(holding(at, stretches)), gap: holding(at, gaps), live: live && at <= now }),
    };
    for (const [name, value] of Object.entries(values)) this.#slider.setAttribute(`aria-${name}`, value);
  }

  #setView(view) {
    if (view.from === this.#view.from && view.to === this.#view.to) return;
    this.#view = view;
    this.#intents.look(view);
    this.draw();
  }

  #point(at, kind) {
    this.#pointed = at === null ? null : { at, kind };
    const recorded = at !== null && holding(at, this.#data.stretches);
    this.#intents.want(recorded ? at : null, previewStep(this.#view));
    this.draw();
  }

  #play(at) {
    this.#point(null);
    this.#follow = true;
    if (at >= Date.now()) this.#intents.live();
    else this.#intents.play(at);
  }

  #pan(ms) {
    this.#follow = false;
    const first = Math.min(this.#data.first, this.#view.from - (this.#view.to - this.#view.from));
    this.#setView(panned(this.#view, ms, first, Date.now()));
  }

  #zoom(span, at) {
    const live = this.#follow && this.#isLive();
    this.#setView(zoomed(Math.min(span, spanLimits.most), at, this.#view, live));
  }

  #listen() {
    const at = (x) => this.#timeAt(x);
    listenToTrack(this.#slider, {
      isRecorded: (x) => Boolean(holding(at(x), this.#data.stretches)),
      click: (x) => this.#play(at(x)),
      hover: (x) => this.#point(at(x), 'hover'),
      leave: () => this.#pointed?.kind === 'hover' && this.#point(null),
      scrub: (x) => this.#point(at(x), 'scrub'),
      drop: (x) => this.#play(at(x)),
      cancel: () => this.#point(null),
      pan: (px) => this.#pan(px / this.#slider.clientWidth * (this.#view.to - this.#view.from)),
      zoom: (factor, x) => {
        this.#follow = false;
        this.#zoom((this.#view.to - this.#view.from) * factor, at(x));
      },
    });
    this.#slider.addEventListener('keydown', (event) => {
      if (event.altKey || event.metaKey || event.ctrlKey || !this.#key(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.#slider.addEventListener('blur', () => this.#pointed?.kind === 'key' && this.#point(null));
  }

  // Returns whether the key means something here.
  #key(key) {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[key];
    const from = this.#pointed?.at ?? this.#head();
    if (step) this.#moveHead(from + step * keyStep(this.#view));
    else if (key === 'Home') this.#moveHead(dayStart(from));
    else if (key === 'End') this.#moveHead(dayStart(from, 1) - 1000);
    else if (key === '+' || key === '-') this.#zoom((this.#view.to - this.#view.from) * (key === '+' ? 0.5 : 2), from);
    else if (key === 'Escape' && this.#pointed) this.#point(null);
    else if (key === 'Enter' && this.#pointed?.kind === 'key') this.#play(this.#pointed.at);
    else return false;
    return true;
  }

  #moveHead(wanted) {
    const at = Math.min(Date.now(), wanted);
    if (at < this.#view.from || at > this.#view.to) {
      this.#setView(zoomed(this.#view.to - this.#view.from, at, nowhere, false));
    }
    this.#point(at, 'key');
    clearTimeout(this.#keyTimer);
    this.#keyTimer = setTimeout(() => this.#pointed?.kind === 'key' && this.#play(this.#pointed.at), keyCommitMs);
  }
}
