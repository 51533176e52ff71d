/** Times of the pad, ms: between two steps, until the camera should have answered, and the longest hold. */
export const MoveLimits = Object.freeze({ every: 250, answer: 3000, hold: 10000 });

const command = (word) => `action=user_define&channel=0&cmd=${word}`;
const words = {
  left: 'ptz_left', right: 'ptz_right', up: 'ptz_up', down: 'ptz_down', in: 'ptz_zoom_in', out: 'ptz_zoom_out',
};
const cannotFurther = 409;
const unknown = [404, 501];

// Of programs that answer a command with `{"status":"1"}`; those of "0" and what is no JSON have done it.
function isRefusal(reply) {
  try {
    return Number(JSON.parse(reply).status ?? 0) !== 0;
  } catch {
    return false;
  }
}

/**
 * Moves a camera while a direction is held: a step, and the next when the camera has answered, at most four a second;
 * `ptz_stop` at the end. So a camera that loses its viewer moves no further.
 */
export class Mover {
  #deps;
  #held = null;
  #asked = 0; // counts questions and answers, so that a late answer starts nothing
  #cancelHold = () => {};
  #cancelNext = () => {};
  #cancelAnswer = () => {};

  /**
   * @param {object} deps
   * @param {Function} deps.ask  as `LiveSession.ask`
   * @param {{now: Function, after: Function}} deps.clock
   * @param {(direction: string|null) => void} deps.onChange
   * @param {(why: 'silent'|'end'|'unknown') => void} deps.onFail
   */
  constructor(deps) {
    this.#deps = deps;
  }

  /** @param {'left'|'right'|'up'|'down'|'in'|'out'} direction  until `release()`, or 10 s */
  hold(direction) {
    if (this.#held === direction) return;
    this.release();
    this.#held = direction;
    this.#cancelHold = this.#deps.clock.after(MoveLimits.hold, () => this.release());
    this.#deps.onChange(direction);
    this.#step();
  }

  /** One step, for those who press a button by key. */
  step(direction) {
    this.hold(direction);
    this.#deps.clock.after(MoveLimits.every, () => this.#held === direction && this.release());
  }

  /** Stops; does nothing when nothing is held. */
  release() {
    if (this.#held === null) return;
    this.#held = null;
    this.#cancelHold();
    this.#cancelNext();
    this.#deps.ask(command('ptz_stop'), () => {});
    this.#deps.onChange(null);
  }

  #step() {
    const { ask, clock, onFail } = this.#deps;
    const number = ++this.#asked;
    const at = clock.now();
    const current = (run) => (word) => {
      if (number !== this.#asked) return;
      this.#asked += 1;
      this.#cancelAnswer();
      run(word);
    };
    const fail = current((why) => {
      this.release();
      onFail(why);
    });
    this.#cancelAnswer();
    this.#cancelAnswer = clock.after(MoveLimits.answer, () => fail('silent'));
    const asked = ask(command(words[this.#held]),
      (reply) => (isRefusal(reply) ? fail('end') : current(() => this.#later(at))()),
      (status) => fail(status === cannotFurther ? 'end' : unknown.includes(status) ? 'unknown' : 'silent'));
    if (!asked) fail('silent');
  }

  #later(at) {
    if (this.#held === null) return;
    const { clock } = this.#deps;
    this.#cancelNext = clock.after(Math.max(0, at + MoveLimits.every - clock.now()), () => this.#step());
  }
}
