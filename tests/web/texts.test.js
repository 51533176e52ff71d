import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explain, hubLost, listLine, onlineCount, refusalCard, subtitle, wayNotice } from '../../bridge/hub/web/texts.js';
import { clockTime } from '../../bridge/hub/web/time.js';

const now = new Date(2026, 10, 21, 16, 42, 8).getTime();
const at = (hour, minute) => new Date(2026, 10, 21, hour, minute).toISOString();
const device = { id: 'front-door', name: 'Front door', online: true, live: true, since: at(8, 12), viewers: 2, max_viewers: 4 };
const lost = { ...device, online: false, live: false, since: at(14, 20), last_seen: at(14, 20) };
const morning = clockTime(at(8, 12), now);
const afternoon = clockTime(at(14, 20), now);
const told = (session, around = {}) => explain({ id: 'front-door', ...session }, {
  device, hub: { state: 'ok' }, sound: { on: true, kind: 'player', held: false }, now, ...around,
});

describe('listLine', () => {
  it('says how a camera is', () => {
    const cases = [
      [device, 'live', 'Live · 2 watching'],
      [{ ...device, viewers: 0 }, 'live', 'Live'],
      [{ ...device, viewers: 0, recording: { to: new Date(now - 30000).toISOString() } }, 'live', 'Live · recording'],
      [{ ...device, viewers: 0, recording: { to: at(9, 0) } }, 'live', 'Live'],
      [{ ...device, live: false }, 'wait', 'Online, no video'],
      [lost, 'off', `Offline since ${afternoon}`],
      [{ ...lost, last_seen: null, since: null }, 'off', 'Never connected'],
    ];
    for (const [camera, dot, text] of cases) {
      const line = listLine(camera, now);
      assert.deepEqual([line.dot, line.text], [dot, text]);
    }
  });

  it('counts cameras', () => assert.equal(onlineCount([device, lost]), '1 of 2 online'));
});

describe('subtitle', () => {
  it('says since when', () => {
    assert.equal(subtitle(device, { name: 'live' }, now), `Live since ${morning}`);
    assert.equal(subtitle({ ...device, live: false }, { name: 'waiting' }, now), 'Online');
    assert.equal(subtitle(lost, { name: 'offline' }, now), `Offline since ${afternoon}`);
    assert.equal(subtitle(undefined, { name: 'connecting' }, now), '');
  });
});

describe('explain', () => {
  it('shows connecting steps only after a while', () => {
    const connecting = { name: 'connecting', way: 'hub', step: 1, of: 3, visible: false, slow: false };
    assert.deepEqual(told(connecting).steps, false);
    assert.deepEqual(told({ ...connecting, step: 2, visible: true }).steps,
      { title: 'Opening the stream…', done: 1, of: 3, note: 'Step 2 of 3 · usually under a second', action: null });
    assert.equal(told({ ...connecting, visible: true, slow: true }).steps.note, 'This takes longer than usual');
  });

  it('has five steps for a direct connection, and a way out of it', () => {
    const direct = { name: 'connecting', way: 'direct', of: 5, visible: true, slow: false };
    assert.deepEqual([1, 2, 3, 4, 5].map((step) => told({ ...direct, step }).steps.title), [
      'Asking the camera…', 'Finding a path to the camera…', 'Securing the connection…', 'Opening the stream…',
      'Waiting for the first picture…']);
    assert.equal(told({ ...direct, step: 2 }).steps.note, 'Step 2 of 5 · usually under a second');
    assert.deepEqual(told({ ...direct, step: 2, slow: true }).steps.action, { id: 'use-hub', label: 'Use the hub instead', off: false });
  });

  it('says live and how', () => {
    assert.deepEqual(told({ name: 'live', way: 'direct' }).pill, { kind: 'live', text: 'Live', extra: 'Direct' });
    assert.deepEqual(told({ name: 'live', way: 'relay' }).pill, { kind: 'live', text: 'Live', extra: 'Relayed' });
    assert.deepEqual(told({ name: 'live', way: 'hub', late: 2 }).pill, { kind: 'live', text: 'Live', extra: 'Through the hub, 2 s late' });
    assert.deepEqual(told({ name: 'live', way: 'direct', tooSlow: true }).pill, { kind: 'live', text: 'Live', extra: 'Slow network' });
    assert.equal(told({ name: 'live', way: 'direct', tooSlow: true }).toast, 'The network is too slow for this picture.');
  });

  it('says once why the picture does not come direct', () => {
    assert.equal(wayNotice({ name: 'live', way: 'direct' }), '');
    assert.equal(wayNotice({ name: 'live', way: 'relay' }), 'A firewall blocks the direct path, so a relay carries the picture.');
    assert.equal(wayNotice({ name: 'live', way: 'hub', blocked: false }), '');
    assert.equal(wayNotice({ name: 'live', way: 'hub', blocked: true }),
      'This network blocks camera connections. The picture comes through the hub.');
    assert.equal(wayNotice(null), '');
  });

  it('lists what was tried, each with its reason', () => {
    const rows = (direct, hub) => told({ name: 'unreachable', ways: { direct, hub }, seconds: 3, details: [] }).card.rows;
    assert.deepEqual(rows({ cause: 'blocked', relay: 'refused' }, { reason: 'closed', code: 1006 }),
      [['Direct', 'no answer (UDP blocked)'], ['Relay', 'refused the password'], ['Through the hub', 'closed after 3 s']]);
    assert.deepEqual(rows({ cause: 'no-video' }, { reason: 'no picture' }),
      [['Direct', 'the camera offers none'], ['Through the hub', 'no picture came']]);
    assert.deepEqual(rows({ reason: 'no picture' }, null), [['Direct', 'no picture came']]);
  });

  it('says who does not answer', () => {
    assert.equal(hubLost({ retryIn: 5 }), 'No connection to the hub. Trying again in 5 s.');
    assert.equal(hubLost({ retryIn: 4, local: true }), 'No connection to the camera. Trying again in 4 s.');
  });

  it('says that sound is held back, while live only', () => {
    const sound = { on: true, kind: 'player', held: true };
    assert.equal(told({ name: 'live', way: 'direct' }, { sound }).toast, 'Sound is off. Press M or tap the picture.');
    assert.equal(told({ name: 'offline', minute: 0 }, { sound }).toast, '');
  });

  it('says what a stall is waiting for', () => {
    const { pill, steps } = told({ name: 'stalled', seconds: 4, retryIn: 2 });
    assert.deepEqual(pill, { kind: 'warn', text: 'Stalled', extra: '4 s' });
    assert.deepEqual(steps, { title: 'The picture has stopped. Reconnecting…', note: 'Next try in 2 s · the camera still answers' });
    assert.equal(told({ name: 'stalled', seconds: 4, retryIn: 2 }, { hub: { state: 'lost' } }).steps.note, 'Next try in 2 s');
    assert.equal(told({ name: 'stalled', seconds: 4, retryIn: 0 }, { device: lost }).steps.note, '');
  });

  it('says since when a camera is gone', () => {
    const { pill, card } = told({ name: 'offline', still: true, minute: 0 }, { device: lost });
    assert.equal(pill.text, 'Offline');
    assert.equal(card.title, `Offline since ${afternoon}`);
    assert.equal(card.body, 'The hub lost this camera 2 h 22 min ago. This is the last picture it sent.');
    assert.equal(told({ name: 'offline', still: false }, { device: lost }).card.body, 'The hub lost this camera 2 h 22 min ago.');
  });

  it('says who watches a full camera, and holds the button back', () => {
    const { card } = told({ name: 'full', ready: false });
    assert.equal(card.body, '4 people are watching Front door, as many as it allows.');
    assert.deepEqual(card.actions, [{ id: 'try', label: 'Try again', off: true }]);
    assert.equal(told({ name: 'full', ready: true }).card.actions[0].off, false);
  });

  it('names each refusal', () => {
    const cases = [
      [{ name: 'waiting' }, 'Waiting', 'The camera is online but sends no video.'],
      [{ name: 'signed-out', problem: 'expired-token' }, 'Signed out', 'This link has expired'],
      [{ name: 'signed-out', problem: 'missing-token' }, 'Signed out', 'This page needs a link'],
      [{ name: 'refused' }, 'Not allowed', 'This link does not allow live viewing'],
      [{ name: 'missing' }, 'Not found', 'There is no camera called front-door here'],
      [{ name: 'codec', codec: 'H.265' }, 'Cannot play', 'This browser cannot show H.265 video'],
      [{ name: 'unreachable', ways: { direct: null, hub: null }, seconds: 3, details: [] }, 'Not connected', 'No way through to the camera'],
    ];
    for (const [state, pill, title] of cases) {
      const { pill: shown, card, dim } = told(state);
      assert.deepEqual([shown.text, card.title, dim], [pill, title, true]);
    }
  });

  it('calls a camera without a name by its id', () => {
    assert.match(told({ name: 'full', ready: true }, { device: { max_viewers: 1 } }).card.body, /^1 person is watching front-door,/);
  });
});

describe('refusalCard', () => {
  it('offers a new link only where that helps', () => {
    assert.deepEqual(refusalCard({ status: 401, problem: 'expired-token' }).actions.map(({ id }) => id), ['new-link']);
    assert.deepEqual(refusalCard({ status: 403, problem: 'not-allowed' }).actions, []);
  });
});
