/**
 * Observable state: one plain object, replaced key by key. Listeners run after every change, in the order they were
 * added, with the new state; they must not call `set` themselves.
 *
 * @param {object} initial
 * @returns {{get: () => object, set: (patch: object) => void, subscribe: (listener: Function) => Function}}
 *   `subscribe` calls the listener once at once and returns the function that ends the subscription.
 */
export function createStore(initial) {
  let state = Object.freeze({ ...initial });
  const listeners = new Set();
  return {
    get: () => state,
    set(patch) {
      state = Object.freeze({ ...state, ...patch });
      for (const listener of listeners) listener(state);
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(state);
      return () => listeners.delete(listener);
    },
  };
}
