/** Joining a camera by WHEP: an offer, candidates both ways as they are found, and leaving. Nothing here throws. */

import { lastPart, refusalOf, request } from './api.js';

const sdpType = 'application/sdp';
const fragmentType = 'application/trickle-ice-sdpfrag';

/**
 * @param {string|null} link  `Link` fields of the answer
 * @returns {{urls: string, username?: string, credential?: string}[]}  what they say of `rel="ice-server"`
 */
export function iceServersOf(link) {
  const servers = [];
  for (const [, urls, rest] of (link ?? '').matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s;,]*))*)/g)) {
    const fields = Object.fromEntries([...rest.matchAll(/([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,]*))/g)]
      .map(([, name, quoted, bare]) => [name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare]));
    if (fields.rel !== 'ice-server') continue;
    const { username, credential } = fields;
    servers.push(username === undefined ? { urls } : { urls, username, credential });
  }
  return servers;
}

const lineOf = (sdp, name) => new RegExp(`^a=${name}:.*$`, 'm').exec(sdp)?.[0].trim();

/**
 * @param {string} offer  the SDP that was sent
 * @param {(string|null)[]} candidates  lines without `a=`; null = no more come
 * @returns {string}  a fragment of RFC 8840, for the one section that all is bundled with
 */
export function fragmentOf(offer, candidates) {
  return [
    lineOf(offer, 'ice-ufrag'), lineOf(offer, 'ice-pwd'),
    /^m=.*$/m.exec(offer)[0].trim(), lineOf(offer, 'mid'),
    ...candidates.map((line) => (line === null ? 'a=end-of-candidates' : `a=${line}`)), '',
  ].join('\r\n');
}

/**
 * @param {string} answer  the SDP of a camera
 * @param {string} fragment  what it says to a restart of ICE
 * @returns {string}  the answer to the offer of that restart; its candidates follow
 */
export function answerAnew(answer, fragment) {
  return ['ice-ufrag', 'ice-pwd'].reduce((sdp, name) => sdp.replace(lineOf(sdp, name), lineOf(fragment, name)),
    answer.replace(/^a=(candidate:|end-of).*\s+/gm, ''));
}

/** Cuts a stream of server-sent events, arriving in pieces of any size, into events. */
export class EventCutter {
  #rest = '';

  /**
   * @param {string} text
   * @returns {{name: string, data: string}[]}  the events that are now whole
   */
  push(text) {
    const blocks = (this.#rest + text).split(/\r?\n\r?\n/);
    this.#rest = blocks.pop();
    return blocks.map((block) => {
      const field = (name) => block.split(/\r?\n/).filter((line) => line.startsWith(`${name}:`))
        .map((line) => line.slice(name.length + 1).replace(/^ /, '')).join('\n');
      return { name: field('event') || 'message', data: field('data') };
    });
  }
}

/**
 * Sends an offer to a camera.
 *
 * @param {string} id  of the camera
 * @param {string} params  the request, such as `action=live&channel=0`
 * @param {string} sdp
 * @returns {Promise<object>}  as `refusalOf`; with cause `none` also `sdp` (the answer), `iceServers`, and `session`, a
 *   `WhepSession`
 */
export async function joinCamera(id, params, sdp) {
  const path = `/whep/${encodeURIComponent(id)}?${params}&_trickle=1`;
  const response = await request(path, 'POST', { headers: { 'content-type': sdpType, accept: sdpType }, body: sdp });
  const text = await response?.text().catch(() => '') ?? '';
  if (response?.status !== 201) return refusalOf(response, problemOf(response, text));
  const place = new URL(response.headers.get('location') ?? '', new URL(path, location.href));
  return {
    ...refusalOf(response), sdp: text, iceServers: iceServersOf(response.headers.get('link')),
    session: new WhepSession(place.pathname, response.headers.get('etag'), sdp),
  };
}

function problemOf(response, text) {
  try {
    return response.headers.get('camspan-problem') ?? lastPart(JSON.parse(text).type);
  } catch {
    return '';
  }
}

/** One joined camera, as the hub knows it. The way to the camera itself may outlive it. */
class WhepSession {
  #path;
  #etag;
  #offer;
  #gone = new AbortController();
  #found = [];
  #sending = false;

  constructor(path, etag, offer) {
    this.#path = path;
    this.#etag = etag;
    this.#offer = offer;
  }

  /** @param {string|null} line  of our own candidate, without `a=`; null = no more come */
  async add(line) {
    this.#found.push(line);
    if (this.#sending) return;
    this.#sending = true;
    while (this.#found.length && !this.#gone.signal.aborted) {
      await this.#patch(this.#found.splice(0));
    }
    this.#sending = false;
  }

  /**
   * Restarts ICE, after a side has another address.
   *
   * @param {string} offer  the SDP with our new credentials; candidates are added when this is done
   * @returns {Promise<string|undefined|false>}  the fragment with the camera's, if it answers
   */
  async restart(offer) {
    this.#offer = offer;
    this.#etag = '*';
    const response = await this.#patch([]);
    return response?.ok && response.text();
  }

  #patch(lines) {
    const headers = { 'content-type': fragmentType, ...(this.#etag && { 'if-match': this.#etag }) };
    return request(this.#path, 'PATCH', { headers, body: fragmentOf(this.#offer, lines) });
  }

  /**
   * Ends with the stream of events.
   *
   * @param {(line: string) => void} take  gets each of the camera's later candidates, without `a=`
   * @param {() => void} restart  the camera asks for a restart
   */
  async listen(take, restart) {
    const response = await request(this.#path, 'GET', { headers: { accept: 'text/event-stream' }, signal: this.#gone.signal });
    if (!response?.ok) return;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const cutter = new EventCutter();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        for (const { name, data } of cutter.push(value)) {
          if (name === 'candidate' && data.includes('candidate:')) take(data.trim().replace(/^a=/, ''));
          if (name === 'restart') restart();
        }
      }
    } catch {
      // The hub is gone, our address has changed, or we are: what was heard by then has to do.
    }
  }

  /** Leaves; also while the page is unloaded. */
  leave() {
    if (this.#gone.signal.aborted) return;
    this.#gone.abort();
    request(this.#path, 'DELETE', { keepalive: true });
  }
}
