/**
 * Streams of a device: a page reads and writes them, and offers its own. One WebSocket, one MessagePack map for each
 * message; requests are numbered from 0 upward.
 */

import { decode, encode } from './msgpack.js';

const reconnectMs = 3000;
const defaultTimeoutMs = 5000;
const codes = { success: 1, error: 2, notListening: 3, missingField: 4, unknownMethod: 5 };
const errorTexts = {
  2: 'the device reports an error', 3: 'there is no such stream', 4: 'a field is missing', 5: 'the method is unknown',
  6: 'too many requests wait',
};

/** The surface that streams.d.ts describes. @param {{WebSocket?: Function}} [parts]  another WebSocket, for tests */
export function GosWsDataApi({ WebSocket = globalThis.WebSocket } = {}) {
  const streams = new Map();  // name -> handler
  const pending = new Map();  // id -> {handler, timer}
  let url = null;
  let socket = null;
  let reconnect = null;
  let nextId = 0;

  const api = {
    onConnected: null,
    onDisconnected: null,

    open(host) {
      api.close();
      url = addressOf(host);
      connect();
    },

    close() {
      url = null;
      clearTimeout(reconnect);
      const old = socket;
      socket = null;
      if (!old) return;
      old.onopen = old.onmessage = old.onclose = null;
      old.close();
      ended(old.wasOpen);
    },

    isConnected: () => socket?.readyState === 1,
    isConnecting: () => url !== null && !api.isConnected(),

    register(name, handler) {
      if (typeof handler !== 'function') throw new TypeError('register() needs a handler');
      streams.set(name, handler);
    },
    unregister: (name) => { streams.delete(name); },

    list: (handler, timeout) => request({ method: 'list' }, handler, timeout),
    read: (name, handler, timeout) => request({ method: 'read', stream: name }, handler, timeout),
    write: (name, data, handler, timeout) => request({ method: 'write', stream: name, data }, handler, timeout),
  };
  return api;

  function connect() {
    const opened = new WebSocket(url);
    socket = opened;
    opened.binaryType = 'arraybuffer';
    opened.onopen = () => {
      opened.wasOpen = true;
      api.onConnected?.();
    };
    opened.onmessage = ({ data }) => typeof data !== 'string' && take(new Uint8Array(data));
    opened.onclose = () => {
      socket = null;
      reconnect = setTimeout(connect, reconnectMs);
      ended(opened.wasOpen);
    };
  }

  function ended(wasOpen) {
    for (const id of [...pending.keys()]) settle(id, false, 'the connection is lost');
    if (wasOpen) api.onDisconnected?.();
  }

  function send(message) {
    if (api.isConnected()) socket.send(encode(message));
  }

  /** Without a handler it is a notification: no answer is wanted. */
  function request(message, handler, timeout = defaultTimeoutMs) {
    if (!handler) {
      send(message);
    } else if (!api.isConnected()) {
      handler(false, 'not connected');
    } else {
      const id = nextId++;
      pending.set(id, { handler, timer: setTimeout(() => settle(id, false, 'no answer in time'), timeout) });
      send({ id, ...message });
    }
  }

  function settle(id, ok, result) {
    const asked = pending.get(id);
    if (!asked) return;
    pending.delete(id);
    clearTimeout(asked.timer);
    asked.handler(ok, result);
  }

  function take(bytes) {
    let message;
    try {
      message = decode(bytes);
    } catch {
      return;  // nothing that a page can answer
    }
    if (message === null || typeof message !== 'object') return;
    if ('method' in message) void answer(message);
    else if ('code' in message) settle(message.id, message.code === codes.success, message.code === codes.success ? message.data : message.msg ?? errorTexts[message.code]);
  }

  async function answer({ id, method, stream, data }) {
    let reply;
    try {
      reply = await replyTo(method, stream, data);
    } catch (error) {
      reply = { code: codes.error, msg: String(error?.message ?? error) };
    }
    if (id !== undefined) send({ id, ...reply });
  }

  async function replyTo(method, stream, data) {
    if (method === 'list') return { code: codes.success, data: [...streams.keys()] };
    if (method !== 'read' && method !== 'write') return { code: codes.unknownMethod };
    if (typeof stream !== 'string' || (method === 'write' && data === undefined)) return { code: codes.missingField };
    const handler = streams.get(stream);
    if (!handler) return { code: codes.notListening };
    const result = await handler(data);
    return method === 'read' ? { code: codes.success, data: result } : { code: codes.success };
  }
}

/** "camera.local" -> "ws://camera.local/appdata"; a scheme that is given stays. */
function addressOf(host) {
  return (host.includes('://') ? host : `ws://${host}`) + '/appdata';
}
