/** The viewer's token: taken out of the address at once, kept for this tab only, never written anywhere else. */

const key = 'camspan.token';

/**
 * Moves `?token=` from the address to the tab's session storage. Call before anything else reads the address.
 */
export function takeToken() {
  const url = new URL(location.href);
  const token = url.searchParams.get('token');
  if (token === null) return;
  setToken(token);
  url.searchParams.delete('token');
  history.replaceState(null, '', url);
}

/** @param {string} text  a token, or a whole link that holds one as `?token=` */
export function setToken(text) {
  const link = /[?&]token=([^&#\s]+)/.exec(text);
  sessionStorage.setItem(key, link ? decodeURIComponent(link[1]) : text.trim());
}

/**
 * @param {string} right
 * @returns {boolean}  the token allows it, as far as can be read: only who issued it can tell for sure
 */
export function allows(right) {
  const payload = sessionStorage.getItem(key)?.split('.')[1];
  if (!payload) return true; // none, or one of a camera's own, which allows everything
  try {
    return JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))).allow.includes(right);
  } catch {
    return true;
  }
}

/** @returns {object} request headers that carry the token; empty without one */
export function tokenHeaders() {
  const token = sessionStorage.getItem(key);
  return token ? { authorization: `Bearer ${token}` } : {};
}

/**
 * For WebSocket, EventSource and downloads, which cannot send headers.
 *
 * @param {string} path  of this hub, beginning with a slash
 * @returns {string} the path with the token in its query
 */
export function withToken(path) {
  const token = sessionStorage.getItem(key);
  return token ? `${path}${path.includes('?') ? '&' : '?'}token=${encodeURIComponent(token)}` : path;
}
