/** Start: the address, the theme, and who hears whom. */

import { getDevice, getDevices, livePath, probeLive } from './api.js';
import { pageClock } from './clock.js';
import { Directory } from './directory.js';
import { el } from './dom.js';
import { openEvents } from './events.js';
import { installSprite } from './icons.js';
import { copyPicture, openLive } from './player.js';
import { getPref, setPref } from './prefs.js';
import { LiveSession } from './session.js';
import { createStore } from './store.js';
import { labels, nameOf } from './texts.js';
import { fileStamp } from './time.js';
import { setToken, takeToken } from './token.js';
import { createAnnouncer } from './views/announcer.js';
import { createCameraList } from './views/camera-list.js';
import { createControls } from './views/controls.js';
import { createHelp, createLinkDialog } from './views/dialogs.js';
import { createFullScreen } from './views/full-screen.js';
import { createHeader } from './views/header.js';
import { listenForKeys } from './views/keys.js';
import { createStage } from './views/stage.js';
import { createTitleBar } from './views/title-bar.js';

takeToken();

const store = createStore({
  view: 'list',
  devices: null,
  hub: { state: 'loading' },
  session: null,
  sound: { on: true, kind: 'unknown', held: false },
  full: false,
});
const directory = new Directory(store, { getDevice, getDevices, openEvents }, pageClock);
let session = null;

const root = document.documentElement;
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const theme = getPref('theme', '');
if (theme) root.dataset.theme = theme;

function toggleTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : systemDark.matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  setPref('theme', root.dataset.theme);
}

function toggleSound() {
  if (!session) return;
  const { sound } = store.get();
  if (sound.kind === 'none') return;
  const on = !sound.on || sound.held;
  setPref('sound', on ? 'on' : 'off');
  session.setSound(on);
}

function togglePause() {
  if (['live', 'paused', 'stalled'].includes(store.get().session?.name)) session.togglePause();
}

function tapPicture() {
  if (store.get().session?.name === 'paused') session.togglePause();
  else if (store.get().sound.held) toggleSound();
}

function tryNow() {
  if (store.get().hub.state !== 'ok') directory.connect();
  session?.tryNow();
}

function onAction(id) {
  if (id === 'try') tryNow();
  else if (id === 'list') location.hash = '#/';
  else linkDialog.showModal();
}

function useLink(text) {
  setToken(text);
  store.set({ hub: { state: 'loading' }, devices: null });
  directory.connect();
  openAddress();
}

function openCamera(number) {
  const device = store.get().devices?.[number - 1];
  if (device) location.hash = `#/${device.id}`;
}

function saveSnapshot() {
  const { session: state, devices } = store.get();
  if (!['live', 'paused', 'stalled'].includes(state?.name)) return;
  const name = nameOf(devices?.find(({ id }) => id === state.id), state.id);
  const file = `${name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-')} ${fileStamp(Date.now())}.jpg`;
  const canvas = el('canvas');
  copyPicture(stage.video, canvas);
  canvas.toBlob((blob) => {
    if (!blob) return;
    const link = el('a', { href: URL.createObjectURL(blob), download: file });
    link.click();
    URL.revokeObjectURL(link.href);
    stage.notice(labels.saved(file));
  }, 'image/jpeg', 0.92);
}

// `#/` is the list, `#/<id>` one camera.
function openAddress() {
  const id = location.hash.replace(/^#\/?/, '').split('/')[0];
  session?.close();
  session = null;
  stage.clear();
  document.body.dataset.view = id ? 'camera' : 'list';
  store.set({ view: id ? 'camera' : 'list', session: null });
  if (!id) {
    document.title = `${labels.cameras} · ${labels.product}`;
    return;
  }
  session = new LiveSession(id, store, {
    openLive: (request, handlers) => openLive({
      ...request, path: livePath(id), video: stage.video, still: stage.still,
    }, handlers),
    probeLive,
    refresh: (which) => directory.refresh(which),
    clock: pageClock,
    soundOn: getPref('sound', 'on') === 'on',
  });
  session.setHidden(document.hidden);
}

installSprite();
const announcer = createAnnouncer();
const stage = createStage(store, { onAction, onTap: tapPicture }, announcer.say);
const view = el('main.view', {});
const full = createFullScreen(view, stage.video, (isFull) => store.set({ full: isFull }));
const help = createHelp({ on: getPref('keys', 'on') === 'on', onSwitch: (on) => setPref('keys', on ? 'on' : 'off') });
const linkDialog = createLinkDialog(useLink);
view.append(createTitleBar(store), stage.root,
  createControls(store, { sound: toggleSound, snapshot: saveSnapshot, full }));
document.body.append(
  el('a.skip', { href: '#stage', onclick: (event) => {
    event.preventDefault(); // the address after # belongs to the cameras
    stage.root.focus();
  } }, labels.skip),
  ...createHeader(store, { help: () => help.showModal(), theme: toggleTheme, tryNow }),
  el('div.app', {}, createCameraList(store, onAction), view),
  announcer.root, help, linkDialog,
);

listenForKeys(() => getPref('keys', 'on') === 'on', {
  space: togglePause, m: toggleSound, f: () => full?.(), s: saveSnapshot, help: () => help.showModal(), digit: openCamera,
});
addEventListener('hashchange', openAddress);
addEventListener('online', tryNow);
document.addEventListener('visibilitychange', () => session?.setHidden(document.hidden));

// For demos and end-to-end tests: what the page is doing, and how long the first picture took from navigation, in ms.
let hubBefore = 'loading';
store.subscribe(({ session: state, hub }) => {
  root.dataset.state = state?.name ?? 'list';
  if (state?.name === 'live' && !root.dataset.firstPictureMs) root.dataset.firstPictureMs = Math.round(performance.now());
  const back = hubBefore === 'lost' && hub.state === 'ok';
  hubBefore = hub.state;
  if (back) queueMicrotask(() => session?.tryNow());
});

directory.connect();
openAddress();
