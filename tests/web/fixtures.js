/** The hub that the page tests start from: the five cameras of the page's design. */

import { FixtureHub } from './fixture-hub.js';
import { clip } from './media.js';

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
