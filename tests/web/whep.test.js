import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { answerAnew, EventCutter, fragmentOf, iceServersOf, joinCamera } from '../../bridge/hub/web/whep.js';
import { settle } from './fake-clock.js';

const offer = ['v=0', 's=-', 'a=group:BUNDLE 0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0',
  'a=ice-ufrag:abcd', 'a=ice-pwd:0123456789012345678901', 'a=mid:0', ''].join('\r\n');

describe('iceServersOf', () => {
  it('reads servers with and without a password, whatever else the field holds', () => {
    const link = '<https://other.example/>; rel="help", <stun:hub.example:3478>; rel="ice-server", '
      + '<turn:hub.example:3478?transport=udp>; rel="ice-server"; username="1700000000:me"; credential="p\\"a,s;s"; credential-type="password"';
    assert.deepEqual(iceServersOf(link), [
      { urls: 'stun:hub.example:3478' },
      { urls: 'turn:hub.example:3478?transport=udp', username: '1700000000:me', credential: 'p"a,s;s' },
    ]);
  });

  it('finds none where there are none', () => {
    for (const link of [null, '', 'rubbish', '<turn:x', '<turn:x>', '<turn:x>; rel=other']) assert.deepEqual(iceServersOf(link), []);
  });
});

describe('answerAnew', () => {
  const answer = 'v=0\r\na=ice-ufrag:old\r\na=ice-pwd:before\r\na=setup:active\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n';

  it('has the new credentials, and no candidate of before', () => {
    assert.equal(answerAnew(answer, 'a=ice-ufrag:new\r\na=ice-pwd:after\r\n'), 'v=0\r\na=ice-ufrag:new\r\na=ice-pwd:after\r\na=setup:active\r\n');
  });
});

describe('fragmentOf', () => {
  it('names the section and its credentials, and ends when nothing more comes', () => {
    assert.equal(fragmentOf(offer, ['candidate:1 1 udp 1 192.0.2.1 9 typ host', null]), [
      'a=ice-ufrag:abcd', 'a=ice-pwd:0123456789012345678901', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'a=mid:0',
      'a=candidate:1 1 udp 1 192.0.2.1 9 typ host', 'a=end-of-candidates', ''].join('\r\n'));
  });
});

describe('EventCutter', () => {
  it('cuts events out of pieces of any size', () => {
    const text = ': hello\n\nevent: candidate\r\ndata: a=candidate:1\r\n\r\ndata: one\ndata:two\n\nevent: half';
    const expected = [{ name: 'message', data: '' }, { name: 'candidate', data: 'a=candidate:1' }, { name: 'message', data: 'one\ntwo' }];
    for (const size of [1, 3, 7, text.length]) {
      const cutter = new EventCutter();
      const events = [];
      for (let at = 0; at < text.length; at += size) events.push(...cutter.push(text.slice(at, at + size)));
      assert.deepEqual(events, expected, `pieces of ${size}`);
    }
  });
});

describe('joinCamera', () => {
  let asked;
  let answers;
  const before = { fetch: globalThis.fetch };
  beforeEach(() => {
    asked = [];
    answers = { POST: () => new Response('v=0 answer', { status: 201, headers: { location: '/whep/cam/s1', etag: '"e1"', link: '<stun:a>; rel="ice-server"' } }),
      PATCH: () => new Response(null, { status: 204 }), DELETE: () => new Response(null, { status: 200 }), GET: () => new Response(null, { status: 404 }) };
    globalThis.location = new URL('https://hub.example/');
    globalThis.sessionStorage = { getItem: () => 't' };
    globalThis.fetch = async (path, { method, headers, body, keepalive }) => {
      asked.push({ path, method, headers, body, keepalive });
      return answers[method]();
    };
  });
  afterEach(() => {
    globalThis.fetch = before.fetch;
    delete globalThis.location;
    delete globalThis.sessionStorage;
  });
  const join = () => joinCamera('front door', 'action=live&channel=0', offer);

  it('sends the offer with the token and the request', async () => {
    const { cause, sdp, iceServers, session } = await join();
    assert.deepEqual([cause, sdp, iceServers, Boolean(session)], ['none', 'v=0 answer', [{ urls: 'stun:a' }], true]);
    assert.equal(asked[0].path, '/whep/front%20door?action=live&channel=0&_trickle=1');
    assert.deepEqual(asked[0].headers, { authorization: 'Bearer t', 'content-type': 'application/sdp', accept: 'application/sdp' });
  });

  it('says why it was refused', async () => {
    const refuse = (status, problem, headers = {}) => () => new Response(JSON.stringify({ type: `/problems/${problem}` }), { status, headers });
    const cases = [
      [refuse(503, 'max-viewers', { 'retry-after': '7' }), 'full', 7],
      [refuse(503, 'no-video', { 'retry-after': '5' }), 'no-video', 5],
      [refuse(401, 'expired-token'), 'signed-out', 0],
      [refuse(403, 'not-allowed'), 'refused', 0],
      [refuse(404, 'unknown-device'), 'missing', 0],
      [refuse(404, 'unknown-route'), 'no-video', 0],
      [refuse(500, 'storage-failed'), 'no-answer', 0],
      [() => new Response('not json', { status: 406 }), 'no-answer', 0],
      [() => Promise.reject(new TypeError('network')), 'no-answer', 0],
    ];
    for (const [answer, wanted, pause] of cases) {
      answers.POST = answer;
      const { cause, retryAfter, session } = await join();
      assert.deepEqual([cause, retryAfter, session], [wanted, pause, undefined]);
    }
  });

  it('sends candidates that come while a request is under way in the next one, each once', async () => {
    let release;
    answers.PATCH = () => new Promise((done) => { release = () => done(new Response(null, { status: 204 })); });
    const { session } = await join();
    const patches = () => asked.filter(({ method }) => method === 'PATCH').map(({ body }) => body.match(/^a=(candidate:\d|end)/gm));
    for (const line of ['candidate:1', 'candidate:2', 'candidate:3', null]) session.add(line);
    await settle();
    assert.deepEqual(patches(), [['a=candidate:1']]);
    release();
    await settle();
    assert.deepEqual(patches(), [['a=candidate:1'], ['a=candidate:2', 'a=candidate:3', 'a=end']]);
    assert.equal(asked.at(-1).headers['if-match'], '"e1"');
    assert.equal(asked.at(-1).path, '/whep/cam/s1');
  });

  it('hears the camera\'s candidates', async () => {
    const { session } = await join();
    answers.GET = () => new Response('event: candidate\ndata: a=candidate:1 x\n\nevent: other\ndata: candidate:9\n\n'
      + 'event: candidate\ndata: candidate:2 y\n\nevent: candidate\ndata: a=end-of-candidates\n\n');
    const heard = [];
    await session.listen((line) => heard.push(line));
    assert.deepEqual(heard, ['candidate:1 x', 'candidate:2 y']);
    assert.deepEqual(asked.at(-1).headers, { authorization: 'Bearer t', accept: 'text/event-stream' });
  });

  it('leaves once, even while the page goes, and sends nothing afterwards', async () => {
    const { session } = await join();
    session.leave();
    session.leave();
    session.add('candidate:1');
    await settle();
    assert.deepEqual(asked.map(({ method, keepalive }) => [method, keepalive]), [['POST', undefined], ['DELETE', true]]);
  });
});
