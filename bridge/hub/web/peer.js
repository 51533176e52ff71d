/** FLV straight from the camera: a WebRTC connection with one data channel for the stream. */

import { PeerCommands } from './peer-commands.js';
import { answerAnew, joinCamera } from './whep.js';

/** The steps of a direct connection, by number; the fifth ends with the first picture. */
export const Step = Object.freeze({ asking: 1, path: 2, securing: 3, opening: 4, picture: 5 });

const params = 'action=live&channel=0';
const statsMs = 1000;
// Servers with their short-lived passwords are used again within this time.
const serversMs = 300000;
let known = { id: null, servers: [], until: 0 };

/**
 * @param {{id: string}} request  the camera
 * @param {object} handlers
 * @param {(step: number) => void} handlers.onStep  this step has begun
 * @param {(bytes: Uint8Array) => void} handlers.onBytes  the next bytes of the stream
 * @param {(end: object) => void} handlers.onClose  runs once, and not after `close()`. `end.cause` is one of `refusalOf`
 *   (the camera was not reached), `blocked` (it answered, and there is no path to it), or `closed` (it was open);
 *   `end.relay` says why no relay helped: `none` (there is none), `refused`, `silent`, `blocked`
 * @returns {{how: () => object, measure: () => object, ask: Function, close: () => void}}  `how()` = `{way: 'direct'|'relay', protocol:
 *   'UDP'|'TCP', roundTripMs}` as last heard; `measure()` the same, and `camera` = what the camera says of this viewer
 *   (`get_stats`), null while it says nothing; `ask` as of `PeerCommands`; `close` ends everything and tells the camera
 */
export function openPeer(request, handlers) {
  if (!globalThis.RTCPeerConnection) { // some browsers let a person switch it off
    queueMicrotask(() => handlers.onClose({ cause: 'blocked' }));
    return { how: () => ({ way: 'direct' }), measure: () => ({}), ask: () => false, close() {} };
  }
  const peer = new Peer(request.id, handlers);
  return { how: () => peer.how(), measure: () => peer.measure(), ask: (...words) => peer.ask(...words), close: () => peer.close() };
}

class Peer {
  #id;
  #handlers;
  #connection;
  #channel;
  #session = null;
  #early = []; // our candidates before the camera has answered
  #renewal = null; // a restart of ICE that is under way
  #step = Step.asking;
  #closed = false;
  #relay = 'none';
  #how = { way: 'direct', protocol: 'UDP', roundTripMs: null };
  #readAt = -Infinity;
  #commands = null;
  #camera = null;

  constructor(id, handlers) {
    this.#id = id;
    this.#handlers = handlers;
    const fresh = known.id === id && performance.now() < known.until;
    this.#connection = new RTCPeerConnection({ iceServers: fresh ? known.servers : [] });
    this.#connection.onicecandidate = ({ candidate }) => this.#found(candidate?.candidate || null);
    this.#connection.onicecandidateerror = ({ url, errorCode }) => {
      if (url?.startsWith('turn')) this.#relay = errorCode === 701 ? 'silent' : 'refused'; // 701: nobody there
    };
    this.#connection.oniceconnectionstatechange = () => this.#watch();
    this.#connection.onconnectionstatechange = () => this.#watch();
    this.#channel = this.#openChannel();
    this.#join(fresh).catch(() => this.#end('blocked'));
  }

  how() {
    if (this.#step === Step.picture && performance.now() - this.#readAt >= statsMs) this.#read();
    return this.#how;
  }

  measure() {
    this.ask('action=inner_define&cmd=get_stats', (reply) => this.#told(reply));
    return { ...this.how(), camera: this.#camera };
  }

  ask(command, done, refused) {
    if (this.#closed || this.#step !== Step.picture) return false;
    this.#commands ??= new PeerCommands(this.#connection);
    return this.#commands.ask(command, done, refused);
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
    this.#session?.leave();
  }

  #openChannel() {
    const channel = this.#connection.createDataChannel(params, { protocol: 'camspan-flv' });
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => {
      this.#reach(Step.picture);
      this.#read();
    };
    channel.onmessage = ({ data }) => {
      if (!this.#closed && typeof data !== 'string') this.#handlers.onBytes(new Uint8Array(data));
    };
    channel.onclose = () => this.#end('blocked');
    return channel;
  }

  // Servers come with the answer, and what is gathered is gathered with the servers known by then. So a first visit
  // begins to gather only when it has the answer.
  async #join(fresh) {
    const offer = await this.#connection.createOffer();
    if (fresh) await this.#connection.setLocalDescription(offer);
    const answer = await joinCamera(this.#id, params, offer.sdp);
    if (this.#closed) {
      answer.session?.leave();
      return;
    }
    if (!answer.session) {
      this.#end(answer.cause, answer);
      return;
    }
    this.#session = answer.session;
    known = { id: this.#id, servers: answer.iceServers, until: performance.now() + serversMs };
    this.#reach(Step.path);
    if (!fresh) {
      this.#connection.setConfiguration({ iceServers: answer.iceServers });
      await this.#connection.setLocalDescription(offer);
    }
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
    for (const line of this.#early.splice(0)) this.#session.add(line);
    this.#session.listen((line) => this.#hear(line), () => this.#renew());
  }

  /** Looks for another path under the same channels. The one that is there carries what it can meanwhile. */
  #renew() {
    if (this.#closed || this.#renewal) return;
    this.#renewal = this.#restart().catch(() => {}).finally(() => { this.#renewal = null; });
  }

  async #restart() {
    const offer = await this.#connection.createOffer({ iceRestart: true });
    await this.#connection.setLocalDescription(offer);
    const fragment = await this.#session.restart(offer.sdp);
    if (!fragment) return; // nobody answers; when the path is lost the camera is joined anew
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: answerAnew(this.#connection.remoteDescription.sdp, fragment) });
    for (const line of this.#early.splice(0)) this.#session.add(line);
  }

  #found(line) {
    if (line?.includes(' typ relay')) this.#relay = 'blocked';
    if (this.#session && !this.#renewal) this.#session.add(line);
    else this.#early.push(line);
  }

  // A candidate that this browser cannot use is none; others follow.
  async #hear(line) {
    await this.#renewal;
    if (!this.#closed) this.#connection.addIceCandidate({ candidate: line, sdpMLineIndex: 0 }).catch(() => {});
  }

  #watch() {
    const { iceConnectionState: ice, connectionState: state } = this.#connection;
    if (ice === 'connected' || ice === 'completed') this.#reach(Step.securing);
    if (state === 'connected') this.#reach(Step.opening);
    if (ice === 'failed' || state === 'failed') this.#end('blocked');
  }

  #reach(step) {
    if (this.#closed || step <= this.#step) return;
    this.#step = step;
    this.#handlers.onStep(step);
  }

  async #read() {
    this.#readAt = performance.now();
    const report = await this.#connection.getStats();
    const all = [...report.values()];
    const transport = all.find(({ type }) => type === 'transport');
    const pair = report.get(transport?.selectedCandidatePairId) ?? all.find(({ nominated, state }) => nominated && state === 'succeeded');
    if (!pair) return;
    const ends = [report.get(pair.localCandidateId), report.get(pair.remoteCandidateId)];
    const relayed = ends.some((end) => end?.candidateType === 'relay');
    const { currentRoundTripTime: seconds } = pair;
    this.#how = {
      way: relayed ? 'relay' : 'direct',
      protocol: (ends[0]?.relayProtocol ?? ends[0]?.protocol ?? 'udp') === 'udp' ? 'UDP' : 'TCP',
      roundTripMs: seconds === undefined ? null : Math.max(1, Math.round(seconds * 1000)),
    };
  }

  #told(reply) {
    try {
      this.#camera = JSON.parse(reply);
    } catch {
      this.#camera = null;
    }
  }

  #end(cause, more) {
    if (this.#closed) return;
    this.close();
    this.#handlers.onClose({ cause: this.#step === Step.picture ? 'closed' : cause, relay: this.#relay, ...more });
  }
}
