/** The hub's routes for recordings. Nothing here throws: every answer is a value with its status. */

import { readJson } from './api.js';
import { tokenHeaders, withToken } from './token.js';

const rfc3339 = (time) => new Date(time).toISOString();

function query(parts) {
  const given = Object.entries(parts).filter(([, time]) => time !== null && time !== undefined);
  return given.length ? `?${given.map(([name, time]) => `${name}=${encodeURIComponent(rfc3339(time))}`).join('&')}` : '';
}

const path = (id) => `/recordings/${encodeURIComponent(id)}`;

const times = ({ start, end, ...more }) => ({ ...more, start: Date.parse(start), end: Date.parse(end) });

/**
 * @param {string} id
 * @param {number} from  ms
 * @param {number} to  ms
 * @returns {Promise<{status: number, problem: string, segments: {start: number, end: number, bytes: number}[],
 *   gaps: {start: number, end: number, reason: string}[]}>}  in order; `gaps` is empty for a hub that names none
 */
export async function listRecordings(id, from, to) {
  const { status, problem, value } = await readJson(path(id) + query({ from, to }));
  const order = (a, b) => a.start - b.start;
  return {
    status,
    problem,
    segments: (value?.segments ?? []).map(times).sort(order).map(({ start, end, bytes }) => ({ start, end, bytes })),
    gaps: (value?.gaps ?? []).map(times).sort(order),
  };
}

async function get(address, signal) {
  const response = await fetch(address, { headers: tokenHeaders(), cache: 'no-store', signal }).catch(() => null);
  const start = Date.parse(response?.headers.get('camspan-start') ?? '');
  return { response, status: response?.status ?? 0, start: Number.isNaN(start) ? null : start };
}

/**
 * Begins to read a recording.
 *
 * @param {string} id
 * @param {number} start  ms
 * @param {number|null} end  ms, exclusive; null for all there is
 * @param {AbortSignal} signal
 * @returns {Promise<{status: number, problem: string, start: number|null, reader: object|null}>}  `start` = real time of
 *   timestamp 0; `reader` of the body, null for a refusal
 */
export async function openRecording(id, start, end, signal) {
  const answer = await get(`${path(id)}.flv${query({ start, end })}`, signal);
  const problem = answer.response?.headers.get('camspan-problem') ?? '';
  const reader = answer.status === 200 && answer.start !== null ? answer.response.body.getReader() : null;
  return { status: answer.status, problem, start: answer.start, reader };
}

/**
 * @param {string} id
 * @param {number} at  ms
 * @param {AbortSignal} signal
 * @returns {Promise<{start: number, bytes: Uint8Array}|null>}  the key frame at or before `at`; null when there is none
 */
export async function getKeyFrame(id, at, signal) {
  const { response, status, start } = await get(`${path(id)}/key.flv${query({ at })}`, signal);
  const body = status === 200 && start !== null ? await response.arrayBuffer().catch(() => null) : null;
  return body && { start, bytes: new Uint8Array(body) };
}

/** @returns {string} where the browser saves a range from, as the hub's FLV */
export const clipAddress = (id, start, end) => withToken(`${path(id)}.flv${query({ start, end })}`);
