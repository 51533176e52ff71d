/** Clock and formats. Times go in as milliseconds since 1970 or RFC 3339 text and come out in the browser's zone. */

/**
 * @param {string|number} time
 * @param {number} now  ms; the day is added when `time` is on another day
 * @param {string} [locale]  for tests; the browser's own otherwise
 * @returns {string}  such as `14:20`, or `20 Nov, 14:20`; empty for an unreadable time
 */
export function clockTime(time, now, locale) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '';
  const sameDay = date.toDateString() === new Date(now).toDateString();
  const short = new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(date);
  if (sameDay) return short;
  const year = date.getFullYear() === new Date(now).getFullYear() ? {} : { year: 'numeric' };
  return `${new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', ...year }).format(date)}, ${short}`;
}

/**
 * @param {number} ms  a length of time; below 0 counts as 0
 * @returns {string}  its two largest units: `40 s`, `12 min`, `2 h 22 min`, `3 days 4 h`
 */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const join = (large, small, unit) => (small ? `${large} ${small} ${unit}` : large);
  if (hours < 24) return join(`${hours} h`, minutes % 60, 'min');
  const days = Math.floor(hours / 24);
  return join(days === 1 ? '1 day' : `${days} days`, hours % 24, 'h');
}

/**
 * @param {number} time  ms
 * @returns {string}  local time for a file name, sortable and allowed on every system: `2026-11-21 16.42.08`
 */
export function fileStamp(time) {
  const date = new Date(time);
  const two = (value) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join('.')}`;
}

/**
 * The pause before a new try: 1, 2, 4, 8, then 15 s, so that a hub that comes back is not met by all pages at once
 * and a short outage costs one second.
 *
 * @param {number} attempt  0 for the first
 * @returns {number} seconds
 */
export function retryDelay(attempt) {
  return attempt < 4 ? 2 ** attempt : 15;
}
