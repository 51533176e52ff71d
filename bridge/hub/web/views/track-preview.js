import { hourSecond } from '../days.js';
import { el, setText } from '../dom.js';
import { holding } from '../stretches.js';
import { gapSentence, timelineLabels } from '../texts.js';

function hintOf({ at, kind }, { stretches, gaps }) {
  if (at >= Date.now()) return kind === 'scrub' ? timelineLabels.releaseForLive : '';
  const gap = holding(at, gaps);
  if (gap) return gapSentence(gap);
  if (!holding(at, stretches)) return '';
  return { hover: timelineLabels.clickToPlay, scrub: timelineLabels.releaseToPlay }[kind] ?? '';
}

/**
 * The picture that rides above the finger or the pointer; the time alone where there is none.
 *
 * @returns {{root: HTMLElement, draw: (pointed: object|null, around: object) => void}}
 */
export function createTrackPreview() {
  const canvas = el('canvas');
  const time = el('b');
  const hint = el('span');
  const root = el('div.preview', { hidden: true, 'aria-hidden': 'true' }, canvas, el('p', {}, time, hint));
  let shown = null;
  return {
    root,
    draw(pointed, around) {
      root.hidden = !pointed;
      if (!pointed) return;
      const picture = holding(pointed.at, around.stretches) ? around.picture : null;
      canvas.hidden = !picture;
      if (picture && picture !== shown) {
        canvas.width = picture.width;
        canvas.height = picture.height;
        canvas.getContext('2d').drawImage(picture, 0, 0);
      }
      shown = picture ?? shown;
      setText(time, hourSecond(pointed.at));
      setText(hint, hintOf(pointed, around));
      const x = (pointed.at - around.view.from) / (around.view.to - around.view.from) * around.width;
      const half = root.offsetWidth / 2;
      root.style.left = `${Math.min(around.width - half, Math.max(half, x))}px`;
    },
  };
}
