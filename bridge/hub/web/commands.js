import { stampOf, wholeSecond } from './days.js';
import { el } from './dom.js';
import { speeds } from './playback.js';
import { setPref } from './prefs.js';
import { clipAddress } from './recordings-api.js';
import { copyPicture } from './screen.js';
import { isDirect } from './stats.js';
import { labels, moveNotices, nameOf, reportText } from './texts.js';
import { fileStamp } from './time.js';
import { canMove } from './views/ptz-pad.js';

const pausable = ['live', 'paused', 'stalled', 'playback'];
const withPicture = ['live', 'paused', 'stalled', 'playback'];
const doubleTapMs = 350;
const lastMinutesMs = 300000;
const clipHalfMs = 60000;
const defaultFps = 25;

function download(href, name) {
  const link = el('a', { href, download: name });
  link.click();
}

/**
 * What buttons, keys and taps do.
 *
 * @param {object} store
 * @param {object} deps  `session()` and `index()` of the open camera, `statistics`, `notice(text)`, `picture()` = the
 *   video element, `tryNow()`, `newLink()`
 * @returns {object}  one function for each intent of the views, and `keys` for `listenForKeys`
 */
export function createCommands(store, deps) {
  const state = () => store.get();
  const device = () => state().devices?.find(({ id }) => id === state().session?.id);
  const session = () => deps.session();
  const isPlayback = () => state().mode === 'play';
  const go = (id, at) => { location.hash = at === null ? `#/${id}` : `#/${id}/${stampOf(at)}`; };

  const commands = {
    play(at) {
      const { id } = state().session;
      const time = wholeSecond(at);
      const before = location.hash;
      go(id, time);
      if (location.hash === before) session().go(time); // no `hashchange` for the same moment
    },
    live: () => isPlayback() && go(state().session.id, null),
    sound() {
      const { sound } = state();
      if (!session() || sound.kind === 'none') return;
      const on = !sound.on || sound.held;
      setPref('sound', on ? 'on' : 'off');
      session().setSound(on);
    },
    pause() {
      if (pausable.includes(state().session?.name)) session().togglePause();
    },
    step(ms) {
      if (state().session?.name === 'playback') session().step(ms);
    },
    picture(way) {
      if (state().session?.name === 'playback') session().picture(way * 1000 / (device()?.video?.fps || defaultFps));
    },
    speed() {
      const now = speeds.indexOf(state().session?.rate);
      if (now >= 0) session().setRate(speeds[(now + 1) % speeds.length]);
    },
    openNumber(number) {
      const chosen = state().devices?.[number - 1];
      if (chosen) go(chosen.id, null);
    },
    stats() {
      if (!state().session) return;
      store.set({ statsOpen: !state().statsOpen });
      deps.statistics.setOpen(state().statsOpen);
    },
    move() {
      if (!canMove(state())) return;
      const { session: { name, way }, moveOpen } = state();
      if (moveOpen || isDirect({ way })) store.set({ moveOpen: !moveOpen });
      else if (name === 'live') deps.notice(moveNotices.hub);
    },
    snapshot: () => snapshot(state, device, deps),
    action: (id) => runAction(id, { ...deps, go, state, device, commands }),
    report: (withAddresses) => copyText(reportText({
      ...state(), device: device(), history: deps.statistics.history, browser: navigator.userAgent,
      address: withAddresses ? location.origin : null,
    })),
    ...clipCommands(store, deps),
  };
  return { ...commands, tapPicture: createTap(state, commands), keys: keysOf(commands, isPlayback) };
}

function keysOf(commands, isPlayback) {
  const inPlayback = (run) => (shift) => isPlayback() && run(shift);
  return {
    space: commands.pause,
    m: commands.sound,
    s: commands.snapshot,
    i: commands.stats,
    l: commands.live,
    p: commands.move,
    arrowleft: inPlayback((shift) => commands.step(shift ? -60000 : -10000)),
    arrowright: inPlayback((shift) => commands.step(shift ? 60000 : 10000)),
    ',': inPlayback(() => commands.picture(-1)),
    '.': inPlayback(() => commands.picture(1)),
  };
}

// A tap lets go what the browser holds back; a double tap on a side of a recording is 10 s back or on.
function createTap(state, commands) {
  let lastAt = -Infinity;
  return (event) => {
    const { session, sound } = state();
    if (session?.name === 'paused' || session?.held) commands.pause();
    else if (sound.held) commands.sound();
    else if (session?.name === 'playback' && event.timeStamp - lastAt < doubleTapMs) {
      const { left, width } = event.currentTarget.getBoundingClientRect();
      commands.step(event.clientX < left + width / 2 ? -10000 : 10000);
    }
    lastAt = event.timeStamp;
  };
}

function snapshot(state, device, { picture, notice }) {
  const { session } = state();
  if (!withPicture.includes(session?.name)) return;
  const name = nameOf(device(), session.id);
  const stamp = fileStamp(session.at ?? Date.now());
  const file = `${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')} ${stamp}.jpg`;
  const canvas = el('canvas');
  copyPicture(picture(), canvas);
  canvas.toBlob((blob) => {
    if (!blob) return;
    const href = URL.createObjectURL(blob);
    download(href, file);
    URL.revokeObjectURL(href);
    notice(labels.saved(file));
  }, 'image/jpeg', 0.92);
}

function runAction(id, { go, state, device, commands, session, tryNow, newLink }) {
  const shown = state().session?.id;
  const [what, time] = id.split(':');
  const actions = {
    try: tryNow,
    'use-hub': () => session().useHub(),
    list: () => { location.hash = '#/'; },
    'new-link': newLink,
    live: commands.live,
    play: () => commands.play(Number(time)),
    recordings() {
      const { from, to } = device().recording;
      go(shown, wholeSecond(Math.max(Date.parse(from) + 999, Date.parse(to) - lastMinutesMs)));
    },
    clip: commands.toggleClip,
  };
  actions[what]();
}

function clipCommands(store, { index }) {
  const close = () => store.set({ clip: null });
  return {
    async toggleClip() {
      const { clip, session, devices } = store.get();
      if (clip) {
        close();
        return;
      }
      const newest = Date.parse(devices?.find(({ id }) => id === session.id)?.recording?.to) || Date.now();
      const at = session.at ?? newest - clipHalfMs;
      await index().ensure(at, at + 1);
      const stretches = index().stretches(-Infinity, Infinity);
      const around = stretches.findLast(({ start }) => start <= at) ?? stretches[0];
      if (!around || store.get().session?.id !== session.id) return;
      const middle = Math.min(Math.max(at, around.start), around.end);
      store.set({ clip: {
        start: Math.max(around.start, middle - clipHalfMs), end: Math.min(around.end, middle + clipHalfMs),
        least: around.start, most: around.end, segments: index().segments(around.start, around.end),
      } });
    },
    changeClip: (patch) => store.set({ clip: { ...store.get().clip, ...patch } }),
    saveClip() {
      const { clip, session } = store.get();
      download(clipAddress(session.id, clip.start, clip.end), '');
      close();
    },
  };
}

// Resolves to null, or to the text when it could not be copied. Without https there is no clipboard for pages.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return null;
  } catch {
    return text;
  }
}
