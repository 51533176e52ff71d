/** Days, moments and what people write for them. Times are milliseconds since 1970; days are those of the browser's zone. */

const secondMs = 1000;

/**
 * @param {number} time
 * @param {number} [days]  so many days later
 * @returns {number}  the midnight that begins the day; days of 23 and 25 h are counted right
 */
export function dayStart(time, days = 0) {
  const date = new Date(time);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days).getTime();
}

/** @returns {number} the first midnight of the month that `time` is in, `months` later */
export function monthStart(time, months = 0) {
  const date = new Date(time);
  return new Date(date.getFullYear(), date.getMonth() + months).getTime();
}

/**
 * Reads what a person writes into Go to: `15`, `1502`, `150211`, `15:02`, `15:02:11`, `3pm`, `3:02 pm`.
 *
 * @param {string} text
 * @param {number} day  any time of the day that is meant
 * @returns {number|null}  null for what is no time
 */
export function readTime(text, day) {
  const found = /^(\d{1,2})(?:[:.h ]?(\d{2})(?:[:. ]?(\d{2}))?)?\s*([ap])?\.?m?\.?$/i.exec(text.trim())
    ?? /^(\d)(\d{2})()\s*([ap])?\.?m?\.?$/i.exec(text.trim());
  if (!found) return null;
  const half = found[4]?.toLowerCase();
  const [written, minutes, seconds] = found.slice(1, 4).map((part) => Number(part || 0));
  if (half && (written < 1 || written > 12)) return null;
  const hours = half ? (written % 12) + (half === 'p' ? 12 : 0) : written;
  if (hours > 23 || minutes > 59 || seconds > 59) return null;
  const date = new Date(day);
  return new Date(date.getFullYear(), date.getMonth(), date.getDate(), hours, minutes, seconds).getTime();
}

/** @returns {string} for addresses, in UTC: `2026-11-21T15:02:11Z` */
export const stampOf = (time) => `${new Date(time).toISOString().slice(0, 19)}Z`;

/** @returns {number|null} the time of such a stamp, or of any RFC 3339 text */
export function readStamp(text) {
  const time = /^\d{4}-\d\d-\d\dT/.test(text ?? '') ? Date.parse(text) : NaN;
  return Number.isNaN(time) ? null : time;
}

const twoDigits = { hour: '2-digit', minute: '2-digit' };
const formats = new Map();

function format(time, options, locale) {
  const key = JSON.stringify([options, locale]);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, options));
  return formats.get(key).format(time);
}

/** @returns {string} `15:02` */
export const hourMinute = (time, locale) => format(time, twoDigits, locale);

/** @returns {string} `15:02:11` */
export const hourSecond = (time, locale) => format(time, { ...twoDigits, second: '2-digit' }, locale);

/** @returns {string} `Sat 21 Nov` */
export const dayName = (time, locale) => format(time, { weekday: 'short', day: 'numeric', month: 'short' }, locale).replace(',', '');

/** @returns {string} `November 2026` */
export const monthName = (time, locale) => format(time, { month: 'long', year: 'numeric' }, locale);

/**
 * @param {number} time
 * @param {number} now
 * @returns {string}  `Today 15:02:11`, or `Fri 20 Nov 15:02:11`
 */
export function momentText(time, now, locale) {
  const day = dayStart(time) === dayStart(now) ? 'Today' : dayName(time, locale);
  return `${day} ${hourSecond(time, locale)}`;
}

/** @returns {number} down to the whole second */
export const wholeSecond = (time) => Math.floor(time / secondMs) * secondMs;
