import { decodeG711, g711Rate } from './g711.js';

// How far ahead of the picture sound is handed to the browser: more than one turn of a busy main thread, less than
// what would be noticed when the picture's speed changes meanwhile.
const aheadS = 0.4;
// Sound off its place by more than this is put right with a small cut; ITU-R BT.1359 puts the threshold at which
// people notice at 45 ms early and 125 ms late.
const driftS = 0.045;
// What waits to be played is bounded by this many seconds; the picture is never that far behind the stream.
const queueLimitS = 10;

/**
 * Plays G.711 sound by WebAudio in step with the picture. Browsers keep a new AudioContext silent until the person
 * has used the page; `held` tells, `resume` tries again.
 */
export class G711Sound {
  #context;
  #gain;
  #queue = []; // {time, samples: Float32Array per channel}, in order of time
  #playing = new Set();
  #end = null; // context time at which what is handed over ends

  /** @param {AudioContext} context  made for `g711Rate`, so that pieces join without a seam; closed by `close` */
  constructor(context) {
    this.#context = context;
    this.#gain = context.createGain();
    this.#gain.connect(context.destination);
    this.setOn(false);
  }

  /** The browser keeps the sound back until the page is used. */
  get held() {
    return this.#context.state === 'suspended';
  }

  /** Asks the browser to let sound through. Works at once inside a key press or a tap. */
  resume() {
    return this.#context.resume();
  }

  /** @param {boolean} on */
  setOn(on) {
    this.#gain.gain.value = on ? 1 : 0;
  }

  /**
   * @param {number} time  of the first sample, in seconds of the picture's clock
   * @param {{law: 'a'|'u', channels: number, data: Uint8Array}} sound
   */
  push(time, { law, channels, data }) {
    const mixed = decodeG711(law, data);
    const samples = Array.from({ length: channels }, (_, c) => mixed.filter((_, i) => i % channels === c));
    if (!samples[0].length) return;
    this.#queue.push({ time, samples });
    while (this.#queue[0].time < time - queueLimitS) this.#queue.shift();
  }

  /**
   * Hands over what is due. Call a few times a second and when sound arrives.
   *
   * @param {number} now  the picture's time, seconds
   * @param {number} rate  its speed; 0 while it stands still, which silences the sound
   */
  pump(now, rate) {
    if (rate === 0 || this.held) {
      this.flush();
      return;
    }
    while (this.#queue.length && this.#queue[0].time < now + aheadS) {
      const { time, samples } = this.#queue.shift();
      this.#schedule((time - now) / rate, samples, rate);
    }
  }

  // `wait` = seconds from now until the first sample is due.
  #schedule(wait, samples, rate) {
    const due = this.#context.currentTime + wait;
    const joins = this.#end !== null && this.#end >= this.#context.currentTime && Math.abs(due - this.#end) < driftS;
    const start = joins ? this.#end : due;
    if (start < this.#context.currentTime) return; // its picture has passed
    if (!joins && this.#end !== null && due < this.#end) return; // ahead of the picture: leave pieces out
    const buffer = this.#context.createBuffer(samples.length, samples[0].length, g711Rate);
    samples.forEach((channel, index) => buffer.copyToChannel(channel, index));
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.playbackRate.value = rate;
    source.connect(this.#gain);
    source.onended = () => this.#playing.delete(source);
    source.start(start);
    this.#playing.add(source);
    this.#end = start + buffer.duration / rate;
  }

  /** Silences at once what is handed over, for a jump or a stop of the picture. */
  flush() {
    for (const source of this.#playing) source.stop();
    this.#playing.clear();
    this.#end = null;
  }

  /** Ends the sound; the object is of no use afterwards. */
  close() {
    this.flush();
    this.#queue = [];
    return this.#context.close();
  }
}
