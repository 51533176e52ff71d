// A press that moves less is a click.
const clickPx = 5;
// Holding this near to an edge pans.
const edgePx = 32;
const edgePanPx = 12;
const edgeMs = 50;
const wheelZoom = 0.002;
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
  const pointers = new Map();
  let drag = null; // {kind: 'press'|'scrub'|'pan'|'pinch', x, from}
  let edgeTimer = 0;
  const place = (event) => event.clientX - track.getBoundingClientRect().left;

  function stopEdge() {
    clearInterval(edgeTimer);
    edgeTimer = 0;
  }
  function watchEdge() {
    const { width } = track.getBoundingClientRect();
    const way = drag.x < edgePx ? -1 : drag.x > width - edgePx ? 1 : 0;
    if (!way) stopEdge();
    else if (!edgeTimer) {
      edgeTimer = setInterval(() => {
        on.pan(way * edgePanPx);
        on.scrub(drag.x);
      }, edgeMs);
    }
  }
  function end(event, dropped) {
    pointers.delete(event.pointerId);
    const was = drag;
    drag = null;
    stopEdge();
    if (!was || was.kind === 'pinch' || was.kind === 'pan') return;
    if (was.kind === 'scrub') dropped ? on.drop(was.x) : on.cancel();
    else if (dropped) on.click(was.x);
  }
  function movePinch() {
    const [a, b] = [...pointers.values()];
    const apart = Math.max(20, Math.abs(a - b));
    on.zoom(drag.apart / apart, (a + b) / 2);
    drag.apart = apart;
  }
  function moveDrag(x) {
    if (drag.kind === 'press' && Math.abs(x - drag.from) > clickPx) drag.kind = on.isRecorded(drag.from) ? 'scrub' : 'pan';
    if (drag.kind === 'pan') on.pan(drag.x - x);
    drag.x = x;
    if (drag.kind !== 'scrub') return;
    on.scrub(x);
    watchEdge();
  }

  track.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.target.closest('.handle')) return;
    track.setPointerCapture(event.pointerId);
    const x = place(event);
    pointers.set(event.pointerId, x);
    if (pointers.size === 2) {
      if (drag?.kind === 'scrub') on.cancel();
      stopEdge();
      const [a, b] = [...pointers.values()];
      drag = { kind: 'pinch', apart: Math.max(20, Math.abs(a - b)) };
    } else {
      drag = { kind: 'press', x, from: x };
    }
  });
  track.addEventListener('pointermove', (event) => {
    const x = place(event);
    if (pointers.has(event.pointerId)) pointers.set(event.pointerId, x);
    if (!drag) {
      if (hoverTypes.includes(event.pointerType) && !event.target.closest('.handle')) on.hover(x);
    } else if (drag.kind === 'pinch') {
      if (pointers.size === 2) movePinch();
    } else {
      moveDrag(x);
    }
  });
  track.addEventListener('pointerup', (event) => end(event, true));
  track.addEventListener('pointercancel', (event) => end(event, false));
  track.addEventListener('pointerleave', () => { if (!drag) on.leave(); });
  track.addEventListener('wheel', (event) => {
    event.preventDefault();
    if (event.ctrlKey) on.zoom(Math.exp(event.deltaY * wheelZoom * 3), place(event));
    else on.pan(Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.deltaY);
  }, { passive: false });
  addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || drag?.kind !== 'scrub') return;
    drag = null;
    stopEdge();
    on.cancel();
    event.stopPropagation();
  }, true);
}
