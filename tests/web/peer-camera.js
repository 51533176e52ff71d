/** A stand-in for a camera with P2P: another Chromium that answers offers and sends FLV over their data channels. */

// Runs in the camera's page. Its stream is a feed of the fixture hub; nothing of it is the viewer's code.
function runCamera() {
  const peers = new Map();
  const channels = [];
  const send = (channel, bytes) => {
    for (let at = 0; at < bytes.byteLength; at += 16384) channel.send(bytes.slice(at, at + 16384));
  };
  const feed = (id, channel) => {
    const socket = new WebSocket(`ws://${location.host}/feed/${id}.flv`);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => channel.readyState === 'open' && send(channel, data);
    channel.onclose = () => socket.close();
  };
  const reply = (channel, id, text) => {
    const bytes = new TextEncoder().encode(text);
    const message = new Uint8Array(5 + bytes.length);
    message.set([2, id >> 24, id >> 16, id >> 8, id]);
    message.set(bytes, 5);
    channel.send(message);
  };
  globalThis.camera = {
    peers,
    channels,
    stats: {},
    async answer(id, session, sdp, { servers, relayOnly }) {
      const peer = new RTCPeerConnection({ iceServers: servers, iceTransportPolicy: relayOnly ? 'relay' : 'all' });
      peers.set(session, peer);
      peer.onicecandidate = ({ candidate }) => globalThis.tellCandidate(session, candidate?.candidate ?? '');
      peer.ondatachannel = ({ channel }) => {
        channels.push({ label: channel.label, protocol: channel.protocol, ordered: channel.ordered, session });
        channel.binaryType = 'arraybuffer';
        if (channel.label !== 'command') feed(id, channel);
        else channel.onmessage = ({ data }) => reply(channel, new DataView(data).getUint32(1), JSON.stringify(globalThis.camera.stats));
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
 * @returns {Promise<object>}  `peer`, the entry of `hub.peers`, to change how it behaves; `page`; `stop()` = the camera's
 *   program ends
 */
export async function startCamera(browser, hub, id, clip) {
  const { page, context } = await browser.open(hub.origin, { path: '/stand-in' });
  const peer = {
    clip, servers: [], relayOnly: false,
    answer: (session, sdp) => page.evaluate(([...words]) => globalThis.camera.answer(...words),
      [id, session, sdp, { servers: peer.servers, relayOnly: peer.relayOnly }]),
    candidate: (session, line) => page.evaluate(([...words]) => globalThis.camera.candidate(...words), [session, line]),
    leave: (session) => page.evaluate((which) => globalThis.camera.leave(which), session).catch(() => {}),
  };
  await page.exposeFunction('tellCandidate', (session, line) => hub.tellCandidate(session, line));
  await page.evaluate(runCamera);
  hub.peers[id] = peer;
  return {
    peer,
    page,
    async stop() {
      delete hub.peers[id];
      await context.close();
    },
  };
}
