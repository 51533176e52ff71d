// A press that moves less is a click.
const clickPx = 5;
// Holding this near to an edge pans.
const edgePx = 32;
const edgePanPx = 12;
const edgeMs = 50;
const wheelZoom = 0.006;
const leastApartPx = 20;
const hoverTypes = ['mouse', 'pen'];

/**
 * Turns pointers, wheel and pinch on the track into what the person means.
 *
 * @param {HTMLElement} track
 * @param {object} on  with `x` in px from the track's start
 * @param {(x: number) => boolean} on.isRecorded  a drag from here shows pictures; from elsewhere it moves the track
 * @param {(x: number) => void} on.click
 * @param {(x: number) => void} on.hover
 * @param {() => void} on.leave
 * @param {(x: number) => void} on.scrub
 * @param {(x: number) => void} on.drop  the end of `scrub`
 * @param {() => void} on.cancel  `scrub` ends without effect
 * @param {(px: number) => void} on.pan  the track moves by so much towards later times
 * @param {(factor: number, x: number) => void} on.zoom  below 1 shows less time
 */
export function listenToTrack(track, on) {
  const input = new TrackInput(track, on);
  const place = (event) => event.clientX - track.getBoundingClientRect().left;
  const isHandle = ({ target }) => Boolean(target.closest('.handle'));
  track.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || isHandle(event)) return;
    track.setPointerCapture(event.pointerId);
    input.down(event.pointerId, place(event));
  });
  track.addEventListener('pointermove', (event) => {
    const mayHover = hoverTypes.includes(event.pointerType) && !isHandle(event);
    input.move(event.pointerId, place(event), mayHover);
  });
  track.addEventListener('pointerup', ({ pointerId }) => input.up(pointerId, true));
  track.addEventListener('pointercancel', ({ pointerId }) => input.up(pointerId, false));
  track.addEventListener('pointerleave', () => input.leave());
  track.addEventListener('wheel', (event) => {
    event.preventDefault();
    const delta = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY;
    if (event.ctrlKey) on.zoom(Math.exp(delta * wheelZoom), place(event));
    else on.pan(delta);
  }, { passive: false });
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && input.takeBack()) event.stopPropagation();
  }, true);
}

class TrackInput {
  #track;
  #on;
  #pointers = new Map(); // id -> x
  #drag = null; // {kind: 'press'|'scrub'|'pan'|'pinch', x, from, apart}
  #edgeTimer = 0;

  constructor(track, on) {
    this.#track = track;
    this.#on = on;
  }

  down(id, x) {
    this.#pointers.set(id, x);
    if (this.#pointers.size < 2) {
      this.#drag = { kind: 'press', x, from: x };
      return;
    }
    this.takeBack();
    this.#drag = { kind: 'pinch', apart: this.#apart() };
  }

  move(id, x, mayHover) {
    if (this.#pointers.has(id)) this.#pointers.set(id, x);
    if (!this.#drag) {
      if (mayHover) this.#on.hover(x);
    } else if (this.#drag.kind !== 'pinch') {
      this.#moveDrag(x);
    } else if (this.#pointers.size === 2) {
      this.#movePinch();
    }
  }

  up(id, dropped) {
    this.#pointers.delete(id);
    const { kind, x } = this.#drag ?? {};
    this.#drag = null;
    this.#stopEdge();
    if (kind === 'scrub' && dropped) this.#on.drop(x);
    else if (kind === 'scrub') this.#on.cancel();
    else if (kind === 'press' && dropped) this.#on.click(x);
  }

  leave() {
    if (!this.#drag) this.#on.leave();
  }

  /** Ends a scrub without effect; returns whether there was one. */
  takeBack() {
    if (this.#drag?.kind !== 'scrub') return false;
    this.#drag = null;
    this.#stopEdge();
    this.#on.cancel();
    return true;
  }

  #apart() {
    const [a, b] = [...this.#pointers.values()];
    return Math.max(leastApartPx, Math.abs(a - b));
  }

  #movePinch() {
    const [a, b] = [...this.#pointers.values()];
    const apart = this.#apart();
    this.#on.zoom(this.#drag.apart / apart, (a + b) / 2);
    this.#drag.apart = apart;
  }

  #moveDrag(x) {
    const drag = this.#drag;
    if (drag.kind === 'press' && Math.abs(x - drag.from) > clickPx) {
      drag.kind = this.#on.isRecorded(drag.from) ? 'scrub' : 'pan';
    }
    if (drag.kind === 'pan') this.#on.pan(drag.x - x);
    drag.x = x;
    if (drag.kind !== 'scrub') return;
    this.#on.scrub(x);
    this.#watchEdge();
  }

  #watchEdge() {
    const { width } = this.#track.getBoundingClientRect();
    const way = this.#drag.x < edgePx ? -1 : this.#drag.x > width - edgePx ? 1 : 0;
    if (!way) this.#stopEdge();
    else if (!this.#edgeTimer) {
      this.#edgeTimer = setInterval(() => {
        this.#on.pan(way * edgePanPx);
        this.#on.scrub(this.#drag.x);
      }, edgeMs);
    }
  }

  #stopEdge() {
    clearInterval(this.#edgeTimer);
    this.#edgeTimer = 0;
  }
}
