/** The hub's JSON routes. Nothing here throws: every answer is a value with its status. */

import { tokenHeaders } from './token.js';

// A request that has no answer by then counts as a lost hub.
const answerLimitMs = 10000;

async function request(path, method) {
  try {
    return await fetch(path, {
      method, headers: tokenHeaders(), cache: 'no-store', signal: AbortSignal.timeout(answerLimitMs),
    });
  } catch {
    return null;
  }
}

const lastPart = (type) => (typeof type === 'string' ? type.split('/').pop() : '');

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

/** @returns {Promise<{status: number, problem: string, value: object|null}>}  as `getDevices`, for one camera */
export const getDevice = (id) => readJson(`/api/devices/${encodeURIComponent(id)}`);

const causes = { 200: 'none', 401: 'signed-out', 403: 'refused', 404: 'missing', 503: 'no-video' };

/**
 * Asks whether the live stream would be served, without starting it. This is how the page learns why a WebSocket was
 * refused: browsers hide the status of a failed upgrade.
 *
 * @param {string} id
 * @returns {Promise<{cause: 'none'|'no-answer'|'signed-out'|'refused'|'missing'|'no-video'|'full', status: number,
 *   problem: string, retryAfter: number}>}  `none`: it would be served; `no-answer` stands for a failing hub too;
 *   `retryAfter` in seconds, 0 when the hub gave none
 */
export async function probeLive(id) {
  const response = await request(livePath(id), 'HEAD');
  const status = response?.status ?? 0;
  const problem = response?.headers.get('camspan-problem') ?? '';
  const retryAfter = Number(response?.headers.get('retry-after') ?? 0) || 0;
  const cause = status === 503 && problem === 'max-viewers' ? 'full' : causes[status] ?? 'no-answer';
  return { cause, status, problem, retryAfter };
}

/** @returns {string} the path of a camera's live stream */
export const livePath = (id) => `/live/${encodeURIComponent(id)}.flv`;
