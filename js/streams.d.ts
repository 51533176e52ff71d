/** A value of a stream. A bin is a Uint8Array; an integer beyond 2^53 is a bigint. */
export type StreamValue = null | boolean | number | bigint | string | Uint8Array | StreamValue[] | { [key: string]: StreamValue };

/** Called once: with the data (undefined for a write), or with why it failed. */
export type ResultHandler = (ok: boolean, dataOrErrorText?: StreamValue) => void;

/** Serves a stream of the page. Reading: `data` is undefined, and the value is what it gives back. Writing: `data` is
 *  the value. What it throws is told to the device. */
export type StreamHandler = (data?: StreamValue) => StreamValue | void | Promise<StreamValue | void>;

export interface DataApi {
  onConnected: (() => void) | null;
  /** The connection has ended; it comes back by itself, 3 s later, until close(). */
  onDisconnected: (() => void) | null;
  /** Connects to `host` + "/appdata"; "ws://" is added when there is no scheme. */
  open(host: string): void;
  close(): void;
  isConnected(): boolean;
  isConnecting(): boolean;
  /** Throws TypeError without a handler. */
  register(name: string, handler: StreamHandler): void;
  unregister(name: string): void;
  /** The names of the device's streams. @param timeout  ms, 5000 if not given */
  list(handler: ResultHandler, timeout?: number): void;
  read(name: string, handler: ResultHandler, timeout?: number): void;
  /** Without a handler the device is asked for no answer. */
  write(name: string, data: StreamValue, handler?: ResultHandler | null, timeout?: number): void;
}

export function GosWsDataApi(parts?: { WebSocket?: typeof WebSocket }): DataApi;
