import { withToken } from './token.js';

/**
 * FLV over a WebSocket of this hub: binary messages of whole tags.
 *
 * @param {{path: string}} request  such as `/live/front-door.flv`
 * @param {{onStep: (step: number) => void, onBytes: (bytes: Uint8Array) => void,
 *   onClose: (end: {code: number}) => void}} handlers  step 2 = the hub has accepted, 3 = bytes are coming; `onClose` runs
 *   once, for a refusal too (1006: browsers hide the HTTP status), and not after `close()`
 * @returns {{how: () => object, measure: () => object, close: () => void}}  as `openPeer`
 */
export function openFlvSocket({ path }, { onStep, onBytes, onClose }) {
  const url = new URL(withToken(path), location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  let coming = false;
  socket.onopen = () => onStep(2);
  socket.onmessage = ({ data }) => {
    if (typeof data === 'string') return;
    if (!coming) onStep(3);
    coming = true;
    onBytes(new Uint8Array(data));
  };
  socket.onclose = ({ code }) => onClose({ code });
  const how = () => ({ way: 'hub', protocol: 'TCP' });
  return {
    how,
    measure: how,
    close() {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    },
  };
}
