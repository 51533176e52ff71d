/** What can be asked of a camera over the data channel `command`. */

const Kind = Object.freeze({ request: 1, reply: 2, part: 4 });
const headBytes = 5;
const mostWaiting = 4; // a camera that does not answer is not asked on and on

/** Requests over one channel, each with its reply. A camera that does not allow commands closes the channel. */
export class PeerCommands {
  #channel;
  #id = 0;
  #waiting = new Map(); // id -> {text, decoder, done}

  /** @param {RTCPeerConnection} connection */
  constructor(connection) {
    this.#channel = connection.createDataChannel('command', { protocol: 'camspan-command' });
    this.#channel.binaryType = 'arraybuffer';
    this.#channel.onmessage = ({ data }) => typeof data !== 'string' && this.#take(new Uint8Array(data));
  }

  /**
   * @param {string} command  such as `action=inner_define&cmd=get_stats`
   * @param {(reply: string) => void} done  does not run while the channel is not open, for a refusal, and after its end
   */
  ask(command, done) {
    if (this.#channel.readyState !== 'open' || this.#waiting.size >= mostWaiting) return;
    const text = new TextEncoder().encode(command);
    const message = new Uint8Array(headBytes + text.length);
    message[0] = Kind.request;
    new DataView(message.buffer).setUint32(1, ++this.#id);
    message.set(text, headBytes);
    this.#waiting.set(this.#id, { text: '', decoder: new TextDecoder(), done });
    this.#channel.send(message);
  }

  #take(message) {
    if (message.length < headBytes) return;
    const id = new DataView(message.buffer).getUint32(1);
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    const more = message[0] === Kind.part;
    waiting.text += waiting.decoder.decode(message.subarray(headBytes), { stream: more });
    if (more) return;
    this.#waiting.delete(id);
    if (message[0] === Kind.reply) waiting.done(waiting.text);
  }
}
