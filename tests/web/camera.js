/** An endless live stream made of one FLV file, and the WebSocket side of `/live/<id>.flv`. */

import { createHash } from 'node:crypto';
import { FlvCutter, TagType, readSound, readVideo } from '../../bridge/hub/web/flv.js';

const header = Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0);

function retimed(tag, timestamp) {
  const bytes = Buffer.from(tag.bytes);
  bytes[4] = timestamp >> 16;
  bytes[5] = timestamp >> 8;
  bytes[6] = timestamp;
  bytes[7] = timestamp >> 24;
  return bytes;
}

const isConfig = (tag) => tag.type === TagType.script
  || (tag.type === TagType.video && readVideo(tag.body).config)
  || (tag.type === TagType.audio && readSound(tag.body).config);
const isKey = (tag) => tag.type === TagType.video && readVideo(tag.body).key;

/** A camera that sends its clip in a loop. */
export class LoopingCamera {
  #heads;
  #media;
  #length;
  #startedAt;

  /**
   * @param {Uint8Array} flv
   * @param {number} age  ms since it began
   */
  constructor(flv, age) {
    this.#startedAt = performance.now() - age;
    const tags = new FlvCutter().push(flv);
    this.#heads = tags.filter(isConfig);
    const media = tags.filter((tag) => !isConfig(tag) && tag.body.length > 5);
    const first = media.find(isKey).timestamp;
    this.#media = media.filter((tag) => tag.timestamp >= first).map((tag) => ({ tag, at: tag.timestamp - first }));
    this.#length = this.#media.at(-1).at + 40;
  }

  /** What a new viewer gets: header and configuration, then everything since the last key frame. */
  join() {
    const now = performance.now() - this.#startedAt;
    let from = Math.floor(now / this.#length) * this.#media.length;
    for (let i = from; this.#at(i) <= now; i++) if (isKey(this.#media[i % this.#media.length].tag)) from = i;
    return { head: Buffer.concat([header, ...this.#heads.map((tag) => retimed(tag, 0))]), next: from };
  }

  /** The tags from number `next` on that are due by now. */
  due(next) {
    const now = performance.now() - this.#startedAt;
    const parts = [];
    for (; this.#at(next) <= now; next++) {
      parts.push(retimed(this.#media[next % this.#media.length].tag, this.#at(next)));
    }
    return { bytes: Buffer.concat(parts), next };
  }

  #at(number) {
    const round = Math.floor(number / this.#media.length);
    return round * this.#length + this.#media[number % this.#media.length].at;
  }
}

/** Answers a WebSocket upgrade (RFC 6455) on a server's socket. */
export function acceptWebSocket(request, socket) {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n`
    + `sec-websocket-accept: ${accept}\r\n\r\n`);
}

/** Writes one unmasked binary message. */
export function sendBinary(socket, bytes) {
  const head = bytes.length < 126 ? Buffer.from([0x82, bytes.length]) : Buffer.alloc(bytes.length < 65536 ? 4 : 10);
  if (head.length > 2) {
    head[0] = 0x82;
    head[1] = head.length === 4 ? 126 : 127;
    if (head.length === 4) head.writeUInt16BE(bytes.length, 2);
    else head.writeBigUInt64BE(BigInt(bytes.length), 2);
  }
  socket.write(head);
  socket.write(bytes);
}
