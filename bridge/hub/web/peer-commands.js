/** What can be asked of a camera over the data channel `command`. */

const Kind = Object.freeze({ request: 1, reply: 2, error: 3, part: 4 });
const headBytes = 5;
const mostWaiting = 4; // a camera that does not answer is not asked on and on

/** Requests over one channel, each with its reply. A camera that does not allow commands closes the channel. */
export class PeerCommands {
  #channel;
  #id = 0;
  #early = []; // while the channel opens
  #waiting = new Map(); // id -> {text, decoder, done, refused}

  /** @param {RTCPeerConnection} connection */
  constructor(connection) {
    this.#channel = connection.createDataChannel('command', { protocol: 'camspan-command' });
    this.#channel.binaryType = 'arraybuffer';
    this.#channel.onopen = () => {
      for (const message of this.#early.splice(0)) this.#channel.send(message);
    };
    this.#channel.onmessage = ({ data }) => typeof data !== 'string' && this.#take(new Uint8Array(data));
  }

  /**
   * @param {string} command  such as `action=inner_define&cmd=get_stats`
   * @param {(reply: string) => void} done
   * @param {(status: number) => void} [refused]  as in HTTP; neither runs after the end of the channel
   * @returns {boolean}  false: it is not asked, as the channel is closed, or too much waits for an answer
   */
  ask(command, done, refused = () => {}) {
    const { readyState } = this.#channel;
    if (!['connecting', 'open'].includes(readyState) || this.#waiting.size >= mostWaiting) return false;
    const text = new TextEncoder().encode(command);
    const message = new Uint8Array(headBytes + text.length);
    message[0] = Kind.request;
    new DataView(message.buffer).setUint32(1, ++this.#id);
    message.set(text, headBytes);
    this.#waiting.set(this.#id, { text: '', decoder: new TextDecoder(), done, refused });
    if (readyState === 'open') this.#channel.send(message);
    else this.#early.push(message);
    return true;
  }

  #take(message) {
    if (message.length < headBytes) return;
    const id = new DataView(message.buffer).getUint32(1);
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (message[0] === Kind.error) {
      this.#waiting.delete(id);
      waiting.refused(message.length < headBytes + 2 ? 500 : new DataView(message.buffer).getUint16(headBytes));
      return;
    }
    const more = message[0] === Kind.part;
    waiting.text += waiting.decoder.decode(message.subarray(headBytes), { stream: more });
    if (more) return;
    this.#waiting.delete(id);
    if (message[0] === Kind.reply) waiting.done(waiting.text);
  }
}
