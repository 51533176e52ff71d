/** A stand-in for a camera with P2P: another Chromium that answers offers and sends FLV over their data channels. */

import { FixtureHub } from './fixture-hub.js';

// Runs in the camera's page; nothing of it is the viewer's code.
function runCamera() {
  const peers = new Map();
  const channels = [];
  const send = (channel, bytes) => {
    for (let at = 0; at < bytes.byteLength; at += 16384) channel.send(bytes.slice(at, at + 16384));
  };
  const feed = (id, channel) => {
    const socket = new WebSocket(`ws://${location.host}/live/${id}.flv`);
    socket.binaryType = 'arraybuffer';
    const waiting = []; // for a slow network
    const pump = () => {
      while (waiting[0]?.at <= performance.now()) {
        const { data } = waiting.shift();
        if (channel.readyState === 'open') send(channel, data);
      }
      if (waiting.length) setTimeout(pump, 20);
    };
    socket.onmessage = ({ data }) => {
      waiting.push({ data, at: performance.now() + globalThis.camera.delayMs });
      pump();
    };
    channel.onclose = () => socket.close();
  };
  const say = (channel, kind, id, bytes) => {
    const message = new Uint8Array(5 + bytes.length);
    message.set([kind, id >> 24, id >> 16, id >> 8, id]);
    message.set(bytes, 5);
    channel.send(message);
  };
  // `get_stats` is answered; whatever else by `status`: 200, a refusal, or 0 = not at all.
  const hear = (channel, message) => {
    const id = new DataView(message).getUint32(1);
    const text = new TextDecoder().decode(message.slice(5));
    const { stats, status, asked } = globalThis.camera;
    const encode = (value) => new TextEncoder().encode(JSON.stringify(value));
    if (text.includes('cmd=get_stats')) {
      say(channel, 2, id, encode(stats));
      return;
    }
    asked.push(text);
    if (status === 200) say(channel, 2, id, encode({ status: '0' }));
    else if (status) say(channel, 3, id, [status >> 8, status & 255]);
  };
  globalThis.camera = {
    peers,
    channels,
    stats: {},
    status: 200,
    asked: [],
    delayMs: 0, // of the streams
    async answer(id, session, sdp, { servers, relayOnly }) {
      const peer = new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: relayOnly ? 'relay' : 'all' });
      peers.set(session, peer);
      peer.onicecandidate = ({ candidate }) => globalThis.tellCandidate(session, candidate?.candidate ?? '');
      peer.ondatachannel = ({ channel }) => {
        channels.push({ label: channel.label, protocol: channel.protocol, ordered: channel.ordered, session });
        channel.binaryType = 'arraybuffer';
        if (channel.label !== 'command') feed(id, channel);
        else channel.onmessage = ({ data }) => hear(channel, data);
      };
      await peer.setRemoteDescription({ type: 'offer', sdp });
      const answer = await peer.createAnswer();
      await peer.setLocalDescription(answer);
      return answer.sdp;
    },
    candidate: (session, line) => peers.get(session)?.addIceCandidate({ candidate: line, sdpMLineIndex: 0 }),
    leave(session) {
      peers.get(session)?.close();
      peers.delete(session);
    },
  };
}

/**
 * Starts one and gives it to a hub.
 *
 * @param {object} browser  of `launch`
 * @param {FixtureHub} hub
 * @param {string} id  of the camera
 * @param {Uint8Array} clip  what it sends
 * @returns {Promise<object>}  `peer`, the entry of `hub.peers`, to change how it behaves; `page`; `source`, which can freeze;
 *   `stop()` = the camera's program ends
 */
export async function startCamera(browser, hub, id, clip) {
  const source = new FixtureHub([]);
  source.live[id] = { clip };
  const { page, context } = await browser.open(await source.start(), { path: '/stand-in' });
  const run = (name, ...words) => page.evaluate(([which, given]) => globalThis.camera[which](...given), [name, words]);
  const peer = {
    servers: [], relayOnly: false,
    answer: (session, sdp) => run('answer', id, session, sdp, { servers: peer.servers, relayOnly: peer.relayOnly }),
    candidate: (session, line) => run('candidate', session, line),
    leave: (session) => run('leave', session).catch(() => {}), // it may be gone itself
  };
  await page.exposeFunction('tellCandidate', (session, line) => hub.tellCandidate(session, line));
  await page.evaluate(runCamera);
  hub.peers[id] = peer;
  return {
    peer, page, source,
    async stop() {
      delete hub.peers[id];
      await context.close();
      await source.stop();
    },
  };
}
