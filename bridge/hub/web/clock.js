/**
 * Time and timers of the running page; tests bring their own. `now` counts from 1970 in ms and only goes forward, also
 * when the system's clock is set; `after` runs a function once, `ms` later, and returns the function that prevents it.
 */
export const pageClock = {
  now: () => performance.timeOrigin + performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
