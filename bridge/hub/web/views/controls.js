import { el, setText } from '../dom.js';
import { icon } from '../icons.js';
import { labels, moveLabels, speedLabel, timelineLabels } from '../texts.js';
import { canMove } from './ptz-pad.js';

function button(onclick, more = {}) {
  const picture = el('span.pic-of');
  const text = el('span');
  const root = el('button.act', { type: 'button', onclick, ...more }, picture, text);
  let shown = '';
  return {
    root,
    set(name, label) {
      if (shown !== name) picture.replaceChildren(icon(name));
      shown = name;
      setText(text, label);
    },
  };
}

const fixed = (name, label, onclick, more) => {
  const made = button(onclick, more);
  made.set(name, label);
  return made;
};

/** States in which a picture can be saved. */
export const withPicture = ['live', 'paused', 'stalled', 'playback'];

/**
 * The bar below the picture: sound, snapshot, move where that can be, statistics, full screen; while a recording plays also 10 s back, play, 10 s
 * on, speed, save clip.
 *
 * @param {object} store
 * @param {object} intents  `sound`, `snapshot`, `move`, `stats`, `pause`, `step(ms)`, `speed`, `clip`, and `full`, which is null
 *   where the browser has no full screen
 * @returns {HTMLElement}
 */
export function createControls(store, intents) {
  const sound = button(intents.sound);
  const snapshot = fixed('snap', labels.snapshot, intents.snapshot);
  const clip = fixed('save', timelineLabels.saveClip, intents.clip);
  const move = fixed('move', moveLabels.move, intents.move, { 'data-of': 'move', hidden: true });
  const speed = button(intents.speed);
  const stats = fixed('stats', labels.statistics, intents.stats);
  const full = button(intents.full, { 'data-of': 'full' });
  full.root.hidden = !intents.full;
  const step = (name, label, ms) => fixed(name, timelineLabels.tenSeconds, () => intents.step(ms), { 'aria-label': label }).root;
  const play = el('button.big-act', { type: 'button', onclick: intents.pause });
  const middle = el('div.pp', {}, step('minus', timelineLabels.back10, -10000), play, step('plus', timelineLabels.on10, 10000));
  let playIcon = '';
  store.subscribe((all) => {
    const { session, sound: state, full: isFull, mode, statsOpen, clip: choosing } = all;
    full.set(isFull ? 'unfull' : 'full', isFull ? labels.leaveFullScreen : labels.fullScreen);
    stats.root.setAttribute('aria-pressed', statsOpen);
    if (!session) return;
    move.root.hidden = !canMove(all);
    move.root.setAttribute('aria-pressed', all.moveOpen);
    drawSound(sound, state);
    snapshot.root.disabled = !withPicture.includes(session.name);
    const playing = mode === 'play';
    for (const part of [middle, speed.root, clip.root]) part.hidden = !playing;
    clip.root.setAttribute('aria-pressed', Boolean(choosing));
    speed.set('speed', speedLabel(session.rate ?? 1));
    const still = session.name !== 'playback' || session.paused || session.held;
    for (const part of [...middle.children, speed.root]) part.disabled = session.name !== 'playback';
    if (playIcon === String(still)) return;
    playIcon = String(still);
    play.replaceChildren(icon(still ? 'play' : 'pause'));
    play.setAttribute('aria-label', still ? timelineLabels.play : timelineLabels.pause);
  });
  return el('div.bar', { role: 'toolbar', 'aria-label': labels.controls },
    el('div.side', {}, sound.root, snapshot.root, clip.root, move.root), middle,
    el('div.side', {}, speed.root, stats.root, full.root));
}

function drawSound(sound, state) {
  const none = state.kind === 'none';
  const on = state.on && !state.held && !none;
  sound.set(on ? 'sound' : 'muted', none ? labels.noSound : on ? labels.soundOn : labels.soundOff);
  sound.root.disabled = none;
}
