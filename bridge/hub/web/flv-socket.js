import { withToken } from './token.js';

/**
 * FLV over a WebSocket of this hub: binary messages of whole tags.
 *
 * @param {string} path  such as `/live/front-door.flv`
 * @param {{onOpen: () => void, onBytes: (bytes: Uint8Array) => void,
 *   onClose: (end: {code: number}) => void}} handlers  `onClose` runs once, for a refusal too (1006: browsers hide the
 *   HTTP status), and not after `close()`
 * @returns {() => void}  closes the socket; no handler runs afterwards
 */
export function openFlvSocket(path, { onOpen, onBytes, onClose }) {
  const url = new URL(withToken(path), location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  socket.onopen = onOpen;
  socket.onmessage = ({ data }) => {
    if (typeof data !== 'string') onBytes(new Uint8Array(data));
  };
  socket.onclose = ({ code }) => onClose({ code });
  return () => {
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  };
}
