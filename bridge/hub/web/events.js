import { withToken } from './token.js';

/**
 * Opens the hub's server-sent events. A broken connection is reported once and not tried again here: who listens
 * decides when, because the browser's own retries cannot be counted down on the page.
 *
 * @param {{onOpen: () => void, onEvent: (name: 'device'|'recording', data: object) => void, onLost: () => void}} handlers
 * @returns {() => void}  closes the connection; no handler runs afterwards
 */
export function openEvents({ onOpen, onEvent, onLost }) {
  const source = new EventSource(withToken('/api/events'));
  source.onopen = onOpen;
  source.onerror = () => {
    source.close();
    onLost();
  };
  for (const name of ['device', 'recording']) {
    source.addEventListener(name, (message) => onEvent(name, JSON.parse(message.data)));
  }
  return () => source.close();
}
