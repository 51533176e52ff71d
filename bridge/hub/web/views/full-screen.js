const fadeMs = 3000;
const lyingPhone = '(orientation: landscape) and (max-height: 500px) and (pointer: coarse)';

/**
 * Full screen of one part of the page: asked for, or because a phone lies on its side. Pill and controls fade after 3 s
 * without input (`idle` on the body) and return on any key, pointer or focus.
 *
 * @param {HTMLElement} part
 * @param {HTMLVideoElement} video  for phones that allow full screen to a video only
 * @param {(full: boolean) => void} onChange
 * @returns {(() => void)|null}  enters or leaves; null where the browser has no full screen
 */
export function createFullScreen(part, video, onChange) {
  const lying = matchMedia(lyingPhone);
  let timer = 0;
  function stir() {
    clearTimeout(timer);
    document.body.classList.remove('idle');
    if ('full' in document.body.dataset) timer = setTimeout(() => document.body.classList.add('idle'), fadeMs);
  }
  function change() {
    const asked = document.fullscreenElement === part;
    if (asked || lying.matches) document.body.dataset.full = '';
    else delete document.body.dataset.full;
    onChange(asked);
    stir();
  }
  document.addEventListener('fullscreenchange', change);
  lying.addEventListener('change', change);
  for (const event of ['keydown', 'pointermove', 'pointerdown', 'focusin']) addEventListener(event, stir, { passive: true });
  change();
  if (part.requestFullscreen) {
    return () => (document.fullscreenElement ? document.exitFullscreen() : part.requestFullscreen());
  }
  return video.webkitEnterFullscreen ? () => video.webkitEnterFullscreen() : null;
}
