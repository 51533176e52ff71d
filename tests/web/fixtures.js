/** The hub that the page tests start from: the five cameras of the page's design. */

import { FixtureHub } from './fixture-hub.js';
import { clip } from './media.js';
import { Recording, segmentsOf } from './recordings.js';

const ago = (minutes) => new Date(Date.now() - minutes * 60000).toISOString();

function cameras() {
  const live = { online: true, live: true, since: ago(510), last_seen: ago(0), viewers: 0, max_viewers: 4, recording: null };
  const lost = { ...live, online: false, live: false, since: ago(142), last_seen: ago(142) };
  return [
    { ...live, id: 'front-door', name: 'Front door', viewers: 2 },
    { ...live, id: 'driveway', name: 'Driveway' },
    { ...live, id: 'back-garden', name: 'Back garden', recording: { from: ago(600), to: ago(0), bytes: 1 } },
    { ...live, id: 'workshop', name: 'Workshop', live: false },
    { ...lost, id: 'barn', name: 'Barn' },
  ];
}

const hour = 3600000;
const wholeMinute = (time) => Math.floor(time / 60000) * 60000;

/**
 * What `front-door` has recorded: nine hours with two gaps, up to now.
 *
 * @param {'aac'|'silent'} kind
 * @param {object} [more]  `named: false` for a hub that gives no reasons; `constant: true` for a constant bit rate;
 *   `damaged` as for `Recording`
 * @returns {{recording: Recording, times: {first: number, offline: number[], full: number[], last: number}}}
 */
export function frontDoor(kind = 'aac', { named = true, constant = false, ...more } = {}) {
  const now = Date.now();
  const at = (hours) => wholeMinute(now - hours * hour);
  const times = { first: at(9), offline: [at(5), at(4.45)], full: [at(3.5), at(3.25)], last: now - 3000 };
  const bytes = constant ? () => 900000 : undefined;
  const segments = [[times.first, times.offline[0]], [times.offline[1], times.full[0]], [times.full[1], times.last]]
    .flatMap(([start, end]) => segmentsOf(start, end, bytes));
  const gap = ([start, end], reason) => ({ start, end, reason });
  const gaps = named ? [gap([at(200), times.first], 'expired'), gap(times.offline, 'offline'), gap(times.full, 'disk-full')] : null;
  return { recording: new Recording(clip(kind), { segments, gaps }, more), times };
}

/** @returns {string}  the address of a moment */
export const moment = (id, time) => `/#/${id}/${new Date(time).toISOString().slice(0, 19)}Z`;

/** Gives a camera of the hub a recording, and the list of cameras the range of it. */
export function giveRecording(hub, id, recording) {
  hub.recordings[id] = recording;
  if (recording.segments) hub.change(id, { recording: recording.summary });
}

/**
 * @param {'aac'|'alaw'|'mulaw'|'speex'|'silent'|'h265'} kind  what `front-door` and `driveway` send
 * @returns {Promise<FixtureHub>} started
 */
export async function startHub(kind = 'aac') {
  const hub = new FixtureHub(cameras());
  const noVideo = { status: 503, problem: 'no-video', retryAfter: 5 };
  hub.live = { 'front-door': { clip: clip(kind) }, driveway: { clip: clip(kind) }, workshop: noVideo, barn: noVideo };
  await hub.start();
  return hub;
}
