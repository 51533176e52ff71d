import { el, setText, whenChanged } from '../dom.js';
import { icon } from '../icons.js';
import { explain, labels, nameOf, timelineLabels } from '../texts.js';
import { createCardPlace } from './card.js';

const noticeMs = 6000;

// A line over the picture: a notice for 6 s, else what is held as long as it is true.
function createToast() {
  const root = el('p.toast');
  let notice = '';
  let held = '';
  let timer = 0;
  const draw = () => setText(root, notice || held);
  const show = (text) => {
    notice = text;
    draw();
  };
  return {
    root,
    hold(text) {
      held = text;
      draw();
    },
    notice(text) {
      show(text);
      clearTimeout(timer);
      timer = setTimeout(show, noticeMs, '');
    },
  };
}

const pillParts = ({ kind, text, extra }) => [
  el(`i.${kind}`, { 'aria-hidden': 'true' }), text, ...(extra ? [el('span', {}, extra)] : []),
];

const stepParts = (steps, onAction) => (steps ? [
  el('h2', {}, steps.title),
  steps.of && el('ol', { 'aria-hidden': 'true' }, ...Array.from({ length: steps.of }, (_, i) =>
    el(i < steps.done ? 'li.done' : i === steps.done ? 'li.on' : 'li'))),
  el('p', {}, steps.note),
  steps.action && el('button.btn', { type: 'button', onclick: () => onAction(steps.action.id) }, steps.action.label),
].filter(Boolean) : []);

/**
 * The picture and everything that lies on it.
 *
 * @param {object} store
 * @param {{onAction: (id: string) => void, onTap: (event: PointerEvent) => void}} intents  `onTap`: the picture itself was
 *   pressed
 * @param {(text: string, urgent: boolean) => void} say
 * @returns {{root: HTMLElement, video: HTMLVideoElement, still: HTMLCanvasElement, notice: (text: string) => void,
 *   clear: () => void}}  `notice` shows a line for 6 s; `clear` takes the last picture away
 */
export function createStage(store, { onAction, onTap }, say) {
  const still = el('canvas', { 'aria-hidden': 'true' });
  const video = el('video', { muted: true, playsinline: true, autoplay: true, disablepictureinpicture: true });
  video.muted = true; // the attribute only counts for elements that the parser makes
  const pill = el('p.pill');
  const toast = createToast();
  const stepsPlace = el('div.steps');
  const big = el('p.big');
  const cardPlace = el('div.card-place');
  const goLive = el('button.golive', { type: 'button', hidden: true, onclick: () => onAction('live') }, timelineLabels.backToLive);
  const root = el('section.stage', {
    id: 'stage', tabindex: -1, onclick: (event) => event.target.closest('.card-place, button') || onTap(event),
  }, still, video, el('div.shade', { 'aria-hidden': 'true' }), pill, goLive, toast.root, stepsPlace, big, cardPlace);

  const drawPill = whenChanged((told) => pill.replaceChildren(...pillParts(told)));
  const drawSteps = whenChanged((steps) => stepsPlace.replaceChildren(...stepParts(steps, onAction)));
  const drawBig = whenChanged((text) => big.replaceChildren(...(text ? [icon('play'), text] : [])));
  const drawCard = whenChanged(createCardPlace(cardPlace, onAction));

  function draw({ session, devices, hub, sound, mode }) {
    if (!session) return;
    goLive.hidden = mode !== 'play';
    const device = devices?.find(({ id }) => id === session.id);
    const told = explain(session, { device, hub, sound, now: Date.now() });
    const name = nameOf(device, session.id);
    root.setAttribute('aria-label', labels.picture(name));
    root.classList.toggle('dim', told.dim);
    root.classList.toggle('gone', Boolean(told.gone));
    root.classList.toggle('tall', Boolean(told.card));
    drawPill(told.pill);
    drawSteps(told.steps || null);
    drawBig(told.big ?? '');
    drawCard(told.card ?? null);
    toast.hold(told.toast);
    document.title = `${told.pill.text} · ${name} · ${labels.product}`;
    say([told.pill.text, told.card?.title, told.card?.tone === 'play' && told.card.body].filter(Boolean).join('. '),
      told.pill.kind === 'bad');
  }
  store.subscribe(draw);

  return {
    root,
    video,
    still,
    notice(text) {
      say(text, false);
      toast.notice(text);
    },
    clear() {
      still.width = still.height = 0;
    },
  };
}
