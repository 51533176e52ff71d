/** How close to live the picture is, and what to do about it. No DOM; runs in Node. */

/**
 * Seconds of stream that may wait to be shown. The delay kept through the hub is 2.5 s at most, and the rest of the way
 * (camera, network, hub) is given half of it; direct it is 0.3 s, of which nothing else takes a part worth the name.
 */
export const targets = Object.freeze({ direct: 0.3, hub: 1.2 });

// Going back to normal speed a little below the target keeps the speed from changing all the time.
const calmShare = 0.75;
const fastRate = 1.05;

/**
 * @param {number} ahead  seconds of stream that wait to be shown
 * @param {number} rate  the speed now
 * @param {boolean} first  nothing was shown yet: the wait from the last key frame is skipped, not watched
 * @param {number} target  one of `targets`
 * @returns {{rate: number, skip: number}}  the speed from now on, and the seconds to jump over, 0 for none
 */
export function chase(ahead, rate, first, target) {
  if (ahead > (first ? target : 2 * target)) return { rate: 1, skip: ahead - target / 2 };
  if (ahead > target) return { rate: fastRate, skip: 0 };
  return { rate: ahead > calmShare * target ? rate : 1, skip: 0 };
}

const windowMs = 30000;

/**
 * Estimates how late a picture is, against the fastest way that a picture took in the last minute. The way itself is
 * not counted: without a synchronised clock it is unknown. Two windows of 30 s let the estimate follow a camera clock
 * that runs faster or slower than ours.
 */
export class LateClock {
  #shortest = Infinity;
  #before = Infinity;
  #windowEnd = -Infinity;

  /**
   * @param {number} timestamp  of a picture that has just arrived, ms of the stream
   * @param {number} now  ms of a clock that only goes forward
   */
  arrived(timestamp, now) {
    if (now >= this.#windowEnd) {
      this.#before = this.#shortest;
      this.#shortest = Infinity;
      this.#windowEnd = now + windowMs;
    }
    this.#shortest = Math.min(this.#shortest, now - timestamp);
  }

  /**
   * @param {number} timestamp  of the picture on the screen, ms of the stream
   * @param {number} now  ms, as in `arrived`
   * @returns {number}  seconds; 0 before the first arrival
   */
  late(timestamp, now) {
    const way = Math.min(this.#shortest, this.#before);
    return Number.isFinite(way) ? Math.max(0, (now - timestamp - way) / 1000) : 0;
  }
}
