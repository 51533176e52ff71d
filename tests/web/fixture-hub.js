/** A stand-in for the hub: the page's files under the hub's content policy, `/api`, `/live`, and faults on request. */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { served } from './served.js';
import { LoopingCamera, acceptWebSocket, sendBinary } from './camera.js';

const web = fileURLToPath(new URL('../../bridge/hub/web/', import.meta.url));
const types = { html: 'text/html; charset=utf-8', css: 'text/css', js: 'text/javascript', txt: 'text/plain' };
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
  + "media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:";
const problems = { 401: 'expired-token', 403: 'not-allowed', 404: 'unknown-device' };

// Waits for a slow reader, as the hub does.
async function sendRecording(response, id, start, pieces) {
  response.writeHead(200, {
    'content-type': 'video/x-flv', 'camspan-start': new Date(start).toISOString(), 'cache-control': 'no-store',
    'content-disposition': `attachment; filename="${id}_${new Date(start).toISOString().replace(/[-:]|\.\d+/g, '')}.flv"`,
  });
  for (const piece of pieces) {
    if (response.destroyed) return;
    if (!response.write(piece)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  }
  response.end();
}

export class FixtureHub {
  /** What `/api/devices` answers. */
  devices;
  /**
   * Per camera: `{clip, age}` (FLV, and ms since it began), `{status, problem, retryAfter}` of a refusal, or
   * `{hang: true}` for no answer at all.
   */
  live = {};
  /**
   * Per camera with P2P: what `startCamera` gives, or `{status, problem, retryAfter}` of a refusal, or `{hang: true}` for
   * no answer. `blocked: true` lets no candidate through.
   */
  peers = {};
  /** What was asked of `/whep`, as `METHOD path?query`, with the body. */
  whep = [];
  /** The fields of `Link` in the answers of `/whep`. */
  links = [];
  /** Id of the camera whose own page this is: there is no hub. */
  local = null;
  /** Status that `/api` answers instead, such as 401. */
  apiStatus = 200;
  /** Per camera a `Recording`, `{status, problem}` of a refusal, or `{hang: true}`; none for a camera without recordings. */
  recordings = {};
  /** What was asked of the recordings, as `path?query`. */
  asked = [];
  /** Every token that a request carried, and how. */
  tokens = [];
  /** Live streams send nothing more while this is set; their sockets stay open. */
  frozen = false;

  #server = createServer((request, response) => this.#answer(request, response));
  #sockets = new Set();
  #viewers = new Set();
  #events = new Set();
  #cameras = new Map();
  #joins = 0;
  #sessions = new Map(); // id -> {camera, etag, response, waiting}

  /** @param {object[]} devices */
  constructor(devices) {
    this.devices = devices;
    this.#server.on('upgrade', (request, socket) => this.#upgrade(request, socket));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    setInterval(() => this.#send(), 20).unref();
  }

  /** @returns {Promise<string>} its origin, on a free loopback port; the same port again after `stop` */
  async start() {
    const port = this.origin ? Number(new URL(this.origin).port) : 0;
    await new Promise((done) => this.#server.listen(port, '127.0.0.1', done));
    this.origin = `http://127.0.0.1:${this.#server.address().port}`;
    return this.origin;
  }

  /** Goes away with all its connections, as a killed hub does. */
  stop() {
    const closed = new Promise((done) => this.#server.close(done));
    for (const socket of this.#sockets) socket.destroy();
    return closed;
  }

  /** Changes one camera and tells the pages. */
  change(id, patch) {
    const device = this.devices.find((known) => known.id === id);
    Object.assign(device, patch);
    for (const response of this.#events) response.write(`event: device\ndata: ${JSON.stringify(device)}\n\n`);
  }

  /** Ends the live streams that are open. */
  dropViewers() {
    for (const { socket } of this.#viewers) socket.destroy();
  }

  get viewerCount() {
    return this.#viewers.size;
  }

  async #answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, 'http://hub');
    const bearer = request.headers.authorization;
    if (bearer) this.tokens.push(['header', bearer]);
    if (searchParams.has('token')) this.tokens.push(['query', searchParams.get('token'), pathname]);
    if (pathname === '/healthz') response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'ok', device: this.local ?? undefined }));
    else if (this.local && /^\/(api|recordings)\//.test(pathname)) this.#refuse({ status: 404, problem: 'unknown-route' }, response);
    else if (pathname.startsWith('/api/')) this.#api(pathname, request, response);
    else if (pathname.startsWith('/live/')) this.#probe(pathname, response);
    else if (pathname.startsWith('/whep/')) await this.#whep(request, pathname, response);
    else if (pathname === '/stand-in') response.writeHead(200, { 'content-type': types.html }).end('<!doctype html><title>camera</title>');
    else if (pathname.startsWith('/recordings/')) await this.#recorded(request, pathname, searchParams, response);
    else await this.#file(pathname, response);
  }

  #api(pathname, request, response) {
    const [, , kind, id] = pathname.split('/');
    if (this.apiStatus !== 200) {
      response.writeHead(this.apiStatus, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ type: `/problems/${problems[this.apiStatus]}`, status: this.apiStatus }));
    } else if (kind === 'events') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      response.write(': hello\n\n');
      this.#events.add(response);
      request.on('close', () => this.#events.delete(response));
    } else {
      const value = id ? this.devices.find((device) => device.id === decodeURIComponent(id)) : this.devices;
      response.writeHead(value ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(value ?? { type: '/problems/unknown-device', status: 404 }));
    }
  }

  /** A candidate of a camera, for its viewer; an empty line ends them. */
  tellCandidate(id, line) {
    const session = this.#sessions.get(id);
    if (!session || session.camera.blocked) return;
    if (session.response) this.#writeCandidate(session, line);
    else session.waiting.push(line);
  }

  #writeCandidate({ response }, line) {
    response.write(`event: candidate\ndata: ${line ? `a=${line}` : 'a=end-of-candidates'}\n\n`);
    if (!line) response.end();
  }

  async #whep(request, pathname, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts).toString();
    this.whep.push(`${request.method} ${request.url}\n${body}`);
    const [, , device, id] = pathname.split('/').map(decodeURIComponent);
    if (request.method === 'POST') await this.#join(device, body, response);
    else await this.#member(this.#sessions.get(id), id, request, body, response);
  }

  async #join(device, offer, response) {
    const known = this.devices.some(({ id }) => id === device);
    const camera = this.peers[device] ?? (known ? { status: 503, problem: 'no-video', retryAfter: 5 } : { status: 404, problem: 'unknown-device' });
    if (camera.hang) return;
    if (camera.status) {
      this.#refuse(camera, response);
      return;
    }
    const id = `s${++this.#joins}`;
    const session = { camera, etag: `"e${id}"`, response: null, waiting: [] };
    this.#sessions.set(id, session);
    const sdp = await camera.answer(id, offer);
    response.writeHead(201, {
      'content-type': 'application/sdp', location: `/whep/${device}/${id}`, etag: session.etag,
      ...(this.links.length && { link: this.links.join(', ') }),
    }).end(sdp);
  }

  async #member(session, id, request, body, response) {
    if (!session) {
      response.writeHead(404).end();
    } else if (request.method === 'DELETE') {
      this.#sessions.delete(id);
      await session.camera.leave(id);
      response.writeHead(200).end();
    } else if (request.method === 'PATCH') {
      const fits = request.headers['if-match'] === session.etag && request.headers['content-type'] === 'application/trickle-ice-sdpfrag';
      const lines = [...body.matchAll(/^a=(candidate:.*)\r$/gm)].map(([, line]) => line);
      if (fits && !session.camera.blocked) await Promise.all(lines.map((line) => session.camera.candidate(id, line)));
      response.writeHead(fits ? 204 : 412).end();
    } else {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' }).flushHeaders();
      session.response = response;
      for (const line of session.waiting.splice(0)) this.#writeCandidate(session, line);
    }
  }

  /** How many viewers are joined by WHEP. */
  get joined() {
    return this.#sessions.size;
  }

  #refuse({ status, problem, retryAfter }, response) {
    const headers = { 'content-type': 'application/problem+json' };
    if (retryAfter) headers['retry-after'] = retryAfter;
    response.writeHead(status, headers).end(JSON.stringify({ type: `/problems/${problem}`, status }));
  }

  #liveOf(pathname) {
    return this.live[decodeURIComponent(pathname.slice('/live/'.length, -'.flv'.length))]
      ?? { status: 404, problem: 'unknown-device' };
  }

  #probe(pathname, response) {
    const live = this.#liveOf(pathname);
    if (!live.status) return response.writeHead(200, { 'content-type': 'video/x-flv' }).end();
    const headers = { 'content-type': 'application/problem+json', 'camspan-problem': live.problem };
    if (live.retryAfter) headers['retry-after'] = live.retryAfter;
    return response.writeHead(live.status, headers).end();
  }

  async #recorded(request, pathname, query, response) {
    this.asked.push(request.url);
    const [, id, key, flv] = /^\/recordings\/([^/.]+)(\/key)?(\.flv)?$/.exec(decodeURIComponent(pathname));
    const recording = this.recordings[id] ?? { list: () => ({ device: id, segments: [], gaps: [] }), keyBefore: () => null };
    if (recording.hang) return;
    const time = (name, otherwise) => (query.has(name) ? Date.parse(query.get(name)) : otherwise);
    const refuse = (status, problem) => response.writeHead(status, { 'content-type': 'application/problem+json', 'camspan-problem': problem })
      .end(JSON.stringify({ type: `/problems/${problem}`, status }));
    if (recording.status) {
      refuse(recording.status, recording.problem);
    } else if (!flv) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(recording.list(id, time('from', -Infinity), time('to', Infinity))));
    } else {
      const start = recording.keyBefore(time(key ? 'at' : 'start', 0));
      if (start === null) refuse(404, 'no-recording');
      else await sendRecording(response, id, start, key ? [recording.keyFrame(start)] : recording.pieces(start, time('end', Infinity)));
    }
  }

  async #file(pathname, response) {
    const name = pathname === '/' ? '/index.html' : pathname;
    const path = name === '/mpegts.js' ? 'node_modules/mpegts.js/dist/mpegts.js' : name.slice(1);
    const file = path.includes('..') ? null : await readFile(web + path).catch(() => null);
    const body = file && !path.startsWith('node_modules') ? served(path, file.toString()) : file;
    if (!body) return response.writeHead(404).end();
    return response.writeHead(200, {
      'content-type': types[path.split('.').pop()] ?? 'application/octet-stream',
      'content-security-policy': policy,
      'cache-control': 'no-cache',
    }).end(body);
  }

  #upgrade(request, socket) {
    socket.on('error', () => {});
    const { pathname, searchParams } = new URL(request.url, 'http://hub');
    if (searchParams.has('token')) this.tokens.push(['query', searchParams.get('token'), pathname]);
    const live = this.#liveOf(pathname);
    if (live.status) {
      socket.end(`HTTP/1.1 ${live.status} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
      return;
    }
    if (live.hang) return;
    acceptWebSocket(request, socket);
    if (!this.#cameras.has(live.clip)) this.#cameras.set(live.clip, new LoopingCamera(live.clip, live.age ?? 0));
    const camera = this.#cameras.get(live.clip);
    const { head, next } = camera.join();
    const viewer = { socket, camera, next, head };
    this.#viewers.add(viewer);
    socket.on('close', () => this.#viewers.delete(viewer));
    socket.on('data', (data) => (data[0] & 0x0f) === 8 && socket.end());
  }

  #send() {
    if (this.frozen) return;
    for (const viewer of this.#viewers) {
      const { bytes, next } = viewer.camera.due(viewer.next);
      if (!bytes.length) continue;
      sendBinary(viewer.socket, viewer.head ? Buffer.concat([viewer.head, bytes]) : bytes);
      viewer.head = null;
      viewer.next = next;
    }
  }
}
