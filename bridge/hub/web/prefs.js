/** What one browser remembers: the theme, the sound, the single keys. A browser that refuses storage forgets. */

const prefix = 'camspan.';

/**
 * @param {'theme'|'sound'|'keys'} name
 * @param {string} otherwise  for a first visit
 * @returns {string}
 */
export function getPref(name, otherwise) {
  try {
    return localStorage.getItem(prefix + name) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** @param {'theme'|'sound'|'keys'} name */
export function setPref(name, value) {
  try {
    localStorage.setItem(prefix + name, value);
  } catch {
    // Private windows of some browsers have no storage; the choice then holds until the page closes.
  }
}
