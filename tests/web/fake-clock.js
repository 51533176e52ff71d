/** A clock that moves only when told to. Same shape as `pageClock`. */
export class FakeClock {
  #now = Date.UTC(2026, 10, 21, 16, 42, 8);
  #timers = [];

  now = () => this.#now;

  after = (ms, run) => {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** Moves on by `ms`, runs what is due in order, and lets promises settle after each. */
  async run(ms) {
    const end = this.#now + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = next.at;
      next.run();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets every promise that is ready run its continuation. */
export const settle = () => new Promise((done) => setImmediate(done));
