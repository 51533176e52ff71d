/** The hub's JSON routes. Nothing here throws: every answer is a value with its status. */

import { tokenHeaders } from './token.js';

// A request that has no answer by then counts as a lost hub.
const answerLimitMs = 10000;

/**
 * One request with the viewer's token.
 *
 * @param {string} path
 * @param {string} method
 * @param {{headers?: object, body?: string, keepalive?: boolean, signal?: AbortSignal}} [more]  as for `fetch`; with a
 *   `signal` only that ends it
 * @returns {Promise<Response|null>}  null = no answer
 */
export async function request(path, method, { headers, ...more } = {}) {
  try {
    return await fetch(path, {
      method, headers: { ...tokenHeaders(), ...headers }, cache: 'no-store', signal: AbortSignal.timeout(answerLimitMs), ...more,
    });
  } catch {
    return null;
  }
}

/** @returns {string} the last part of a problem type */
export const lastPart = (type) => (typeof type === 'string' ? type.split('/').pop() : '');

/**
 * @param {string} path
 * @returns {Promise<{status: number, problem: string, value: any}>}  status 0 = no answer; problem = last part of the
 *   problem type
 */
export async function readJson(path) {
  const response = await request(path, 'GET');
  if (!response) return { status: 0, problem: '', value: null };
  const value = await response.json().catch(() => null);
  return { status: response.status, problem: response.ok ? '' : lastPart(value?.type), value: response.ok ? value : null };
}

/**
 * @returns {Promise<{status: number, problem: string, value: object[]|null}>}  every camera that this token may see;
 *   status 0 = no answer; problem = last part of the problem type
 */
export const getDevices = () => readJson('/api/devices');

/** @returns {Promise<object>}  as `getDevices`; `value.device` is the id of a camera that serves this page itself */
export const getHealth = () => readJson('/healthz');

/** @returns {Promise<{status: number, problem: string, value: object|null}>}  as `getDevices`, for one camera */
export const getDevice = (id) => readJson(`/api/devices/${encodeURIComponent(id)}`);

const causes = { 401: 'signed-out', 403: 'refused', 404: 'missing', 503: 'no-video' };

/**
 * Why the hub, or a camera that serves its own page, does not serve.
 *
 * @param {Response|null} response
 * @param {string} [problem]  last part of the problem type, where the header does not say it
 * @returns {{cause: 'none'|'no-answer'|'signed-out'|'refused'|'missing'|'no-video'|'full', status: number,
 *   problem: string, retryAfter: number}}  `none`: it serves; `no-answer` stands for a failing hub too, `no-video` for
 *   all that may pass; `retryAfter` in seconds, 0 when none was given
 */
export function refusalOf(response, problem = response?.headers.get('camspan-problem') ?? '') {
  const retryAfter = Number(response?.headers.get('retry-after') ?? 0) || 0;
  const { status = 0, ok = false } = response ?? {};
  const known = ok ? 'none' : causes[status] ?? 'no-answer';
  // A page that is newer than the program that answers may ask for a route that is not there.
  const cause = { 'max-viewers': 'full', 'unknown-route': 'no-video' }[problem] ?? known;
  return { cause, status, problem, retryAfter };
}

/**
 * Asks whether the live stream would be served, without starting it. This is how the page learns why a WebSocket was
 * refused: browsers hide the status of a failed upgrade.
 *
 * @param {string} id
 * @returns {Promise<object>}  as `refusalOf`
 */
export const probeLive = async (id) => refusalOf(await request(livePath(id), 'HEAD'));

/** @returns {string} the path of a camera's live stream */
export const livePath = (id) => `/live/${encodeURIComponent(id)}.flv`;
