/** Times of the race, ms. `hubAfter` and `open` are the page's promises, the rest bounds of our own. */
export const RaceLimits = Object.freeze({
  hubAfter: 1500, // the hub path begins when there is no picture by then
  open: 10000, // the direct path has so long to open
  noBytes: 8000,
  noPicture: 15000,
  again: 5000, // the first pause before a camera that could not be asked is asked again; doubled each time
  againMost: 60000,
});

const steps = { direct: 5, hub: 3 };
// What the hub or the camera says of the link or the camera, whichever way the stream would take.
const final = ['signed-out', 'refused', 'missing'];

/**
 * One live stream of a camera, over two ways: direct first, then the hub. The first picture wins. A direct path that opens
 * later takes the screen over at its first key frame; one that cannot be had now is tried again behind the picture, where
 * that makes sense. To the session it looks like one player.
 */
export class LiveRace {
  #request;
  #openWay;
  #clock;
  #on;
  #runners = { direct: null, hub: null };
  #lost = { direct: null, hub: null }; // how each of them has ended
  #front = null; // the runner that has the screen
  #paused = false;
  #soundOn;
  #tries = 0;
  #cancelAgain = () => {};
  #cancelHub;
  #ended = false;

  /**
   * @param {object} request  `soundOn`, `expectSound`, handed on to each player
   * @param {{openWay: Function, clock: object}} deps  `openWay({way, ...request}, handlers)` as `openLive`
   * @param {object} on
   * @param {() => void} on.onProgress  `progress` has changed
   * @param {(startup: {way: string, ms: number[]}) => void} on.onPicture  a first picture of a way is on the screen;
   *   `ms` of each of its steps
   * @param {(end: object) => void} on.onEnd  runs once, and not after `close()`: as of `openLive`, and `ways.direct`,
   *   `ways.hub` = how each has ended, null for one that has not
   */
  constructor(request, { openWay, clock }, on) {
    this.#request = request;
    this.#openWay = openWay;
    this.#clock = clock;
    this.#on = on;
    this.#soundOn = request.soundOn;
    this.#cancelHub = clock.after(RaceLimits.hubAfter, () => this.#openHub());
    this.#open('direct');
  }

  /** @returns {{way: 'direct'|'hub', step: number, of: number}|null}  how far the better way has come; null at the end */
  get progress() {
    const first = this.#first();
    return first && { way: first.way, step: first.step, of: steps[first.way] };
  }

  /** @returns {object}  of the player that has the screen; `blocked` = the camera answered, and no path to it was found */
  sample() {
    const blocked = this.#lost.direct?.cause === 'blocked' && !this.#runners.direct;
    return { ...this.#first()?.player.sample(), blocked };
  }

  /** @returns {object}  of the player that has the screen */
  measure() {
    return this.#front?.player.measure() ?? {};
  }

  /** Asks the camera, where it has the screen itself: as `PeerCommands.ask`. */
  ask(command, done, refused) {
    return this.#front?.player.ask(command, done, refused) ?? false;
  }

  play() {
    this.#paused = false;
    this.#each((player) => player.play());
    this.tryDirect();
  }

  pause() {
    this.#paused = true;
    this.#each((player) => player.pause());
  }

  setSound(on) {
    this.#soundOn = on;
    this.#each((player) => player.setSound(on));
  }

  /** The network may be another one now: looks for a direct path once more. */
  tryDirect() {
    if (this.#ended || this.#front?.way !== 'hub' || this.#runners.direct) return;
    this.#tries = 0;
    this.#open('direct');
  }

  /** The person does not want to wait for the direct path. */
  useHub() {
    if (this.#front || !this.#runners.direct) return;
    const { direct } = this.#runners;
    this.#openHub();
    this.#drop(direct, { reason: 'closed', cause: 'left' });
  }

  /** Leaves the last picture, and ends. Nothing is reported afterwards. */
  close() {
    this.#finish();
    this.#each((player) => player.close());
  }

  #first() {
    return this.#front ?? this.#runners.direct ?? this.#runners.hub;
  }

  #each(run) {
    for (const runner of Object.values(this.#runners)) if (runner) run(runner.player);
  }

  #openHub() {
    this.#cancelHub();
    if (!this.#ended && !this.#runners.hub && !this.#lost.hub) this.#open('hub');
  }

  #open(way) {
    const runner = { way, step: 1, times: [this.#clock.now()], shown: false, cancel: () => {} };
    this.#runners[way] = runner;
    const mine = (run) => (...words) => this.#runners[way] === runner && !this.#ended && run(...words);
    const limit = (ms, run) => {
      runner.cancel();
      runner.cancel = this.#clock.after(ms, mine(run));
    };
    const coming = way === 'direct' ? steps.direct : steps.hub;
    limit(way === 'direct' ? RaceLimits.open : RaceLimits.noBytes, () => this.#drop(runner, {
      reason: way === 'hub' ? 'no data' : 'closed', cause: runner.step === 1 ? 'no-answer' : 'blocked',
    }));
    runner.player = this.#openWay({ ...this.#request, way, soundOn: this.#soundOn, paused: this.#paused }, {
      onStep: mine((step) => {
        while (runner.times.length < step) runner.times.push(this.#clock.now());
        runner.step = step;
        if (step === coming) limit(RaceLimits.noPicture, () => this.#noPicture(runner));
        this.#on.onProgress();
      }),
      onKey: mine(() => this.#take(runner)),
      onPicture: mine(() => this.#picture(runner)),
      onEnd: mine((end) => this.#lose(runner, end)),
    });
  }

  // A stream in which no picture comes. One that the browser holds back until somebody taps is no failure.
  #noPicture(runner) {
    const { paused, video } = runner.player.sample();
    if (!paused) this.#drop(runner, { reason: 'no picture', video });
  }

  // The first to have a picture gets the screen; direct takes it from the hub, but never changes a held picture.
  #take(runner) {
    const front = this.#front;
    if (front && (front.way === 'direct' || this.#paused)) {
      this.#drop(runner, { reason: 'closed', cause: 'late' });
      return;
    }
    if (front) this.#remove(front).close();
    this.#front = runner;
  }

  #picture(runner) {
    runner.cancel();
    runner.shown = true;
    if (runner.way === 'direct') {
      this.#cancelHub();
      if (this.#runners.hub) this.#remove(this.#runners.hub).close();
      this.#tries = 0;
    }
    const times = [...runner.times, this.#clock.now()];
    this.#on.onPicture({ way: runner.way, ms: times.slice(1).map((time, i) => Math.round(time - times[i])) });
  }

  #remove(runner) {
    runner.cancel();
    this.#runners[runner.way] = null;
    if (this.#front === runner) this.#front = null;
    return runner.player;
  }

  #drop(runner, end) {
    runner.player.close();
    this.#lose(runner, end);
  }

  #lose(runner, end) {
    const wasFront = this.#front === runner;
    this.#remove(runner);
    this.#lost[runner.way] = end;
    const { direct, hub } = this.#runners;
    if (wasFront || end.reason === 'codec' || end.reason === 'restart' || final.includes(end.cause)) this.#end(end, wasFront && runner);
    else if (runner.way === 'direct' && this.#front) this.#later(end);
    else if (runner.way === 'direct' && !hub && !this.#lost.hub) this.#openHub();
    else if (!direct && !hub) this.#end(end);
    else this.#on.onProgress();
  }

  // The camera could not be asked, as while it starts: the picture comes through the hub, and direct may be had later.
  #later({ cause, retryAfter = 0 }) {
    if (!['no-video', 'no-answer', 'full'].includes(cause)) return;
    const pause = Math.min(RaceLimits.again * 2 ** this.#tries, RaceLimits.againMost);
    this.#tries += 1;
    this.#cancelAgain = this.#clock.after(Math.max(pause, retryAfter * 1000), () => {
      if (!this.#ended && !this.#runners.direct) this.#open('direct');
    });
  }

  // What has arrived of a closed stream is played on to its last picture.
  #end(end, playing) {
    this.#finish();
    this.#each((player) => player.close());
    this.#runners = { direct: null, hub: null };
    if (playing && end.reason === 'closed') this.#runners[playing.way] = this.#front = playing;
    this.#on.onEnd({ ...end, ways: this.#lost });
  }

  #finish() {
    this.#ended = true;
    this.#cancelHub();
    this.#cancelAgain();
    for (const runner of Object.values(this.#runners)) runner?.cancel();
  }
}
