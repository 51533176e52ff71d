/** Start: the address, the theme, and who hears whom. */

import { getDevice, getDevices, getHealth } from './api.js';
import { OpenCamera } from './camera.js';
import { pageClock } from './clock.js';
import { createCommands } from './commands.js';
import { readStamp, stampOf } from './days.js';
import { Directory } from './directory.js';
import { el } from './dom.js';
import { openEvents } from './events.js';
import { installSprite } from './icons.js';
import { Mover } from './move.js';
import { getPref, setPref } from './prefs.js';
import { isDirect, Statistics } from './stats.js';
import { createStore } from './store.js';
import { labels, moveNotices, skipped, wayNotice } from './texts.js';
import { allows, setToken, takeToken } from './token.js';
import { createAnnouncer } from './views/announcer.js';
import { createCameraList } from './views/camera-list.js';
import { createControls } from './views/controls.js';
import { createHelp, createLinkDialog } from './views/dialogs.js';
import { createFullScreen } from './views/full-screen.js';
import { createHeader } from './views/header.js';
import { listenForKeys } from './views/keys.js';
import { canMove, createPtzPad } from './views/ptz-pad.js';
import { createStage } from './views/stage.js';
import { createStatsPanel } from './views/stats-panel.js';
import { createTimeline } from './views/timeline.js';
import { createTitleBar } from './views/title-bar.js';

// The address follows the picture this often, so that a copied link leads to about what is seen.
const addressMs = 10000;

takeToken();

const store = createStore({
  view: 'list',
  mode: 'live',
  devices: null,
  hub: { state: 'loading' },
  session: null,
  recordings: null,
  preview: null,
  clip: null,
  stats: null,
  statsOpen: false,
  sound: { on: true, kind: 'unknown', held: false },
  full: false,
  mayMove: allows('command'),
  moveOpen: false,
  moving: null,
});
const directory = new Directory(store, { getDevice, getDevices, getHealth, openEvents }, pageClock);
let camera = null;
let shownId = '';

const root = document.documentElement;
const systemDark = matchMedia('(prefers-color-scheme: dark)');
const theme = getPref('theme', '');
if (theme) root.dataset.theme = theme;

function toggleTheme() {
  const dark = root.dataset.theme ? root.dataset.theme === 'dark' : systemDark.matches;
  root.dataset.theme = dark ? 'light' : 'dark';
  setPref('theme', root.dataset.theme);
}

function tryNow() {
  if (store.get().hub.state !== 'ok') directory.connect();
  camera?.session?.tryNow();
}

function useLink(text) {
  setToken(text);
  store.set({ hub: { state: 'loading' }, devices: null, mayMove: allows('command') });
  directory.connect();
  closeCamera();
  openAddress();
}

function stopMoving() {
  mover.release();
  store.set({ moveOpen: false });
}

function closeCamera() {
  mover.release();
  camera?.close();
  camera = null;
  shownId = '';
}

// `#/` is the list, `#/<id>` one camera, `#/<id>/<time>` its recording.
function openAddress() {
  const [id = '', time] = location.hash.replace(/^#\/?/, '').split('/');
  document.body.dataset.view = id ? 'camera' : 'list';
  if (id !== shownId) {
    closeCamera();
    stage.clear();
    store.set({ view: id ? 'camera' : 'list', mode: 'live', session: null, recordings: null, clip: null, moveOpen: false });
  }
  shownId = id;
  if (!id) {
    document.title = `${labels.cameras} · ${labels.product}`;
    return;
  }
  camera ??= new OpenCamera(id, store, {
    video: stage.video,
    still: stage.still,
    clock: pageClock,
    refresh: (which) => directory.refresh(which),
    soundOn: () => getPref('sound', 'on') === 'on',
    notify: (notice) => stage.notice(skipped(notice)),
    isPhone: matchMedia('(max-width: 760px)').matches,
  });
  camera.show(readStamp(time), document.hidden);
  timeline.track.follow();
  camera.index.ensure(timeline.track.view.from, timeline.track.view.to);
}

// The address tells the time that plays, without an entry in the history for each.
function followAddress({ session }) {
  if (session?.name !== 'playback') return;
  const shown = readStamp(location.hash.split('/')[2]);
  if (shown !== null && Math.abs(session.at - shown) >= addressMs) {
    history.replaceState(null, '', `#/${session.id}/${stampOf(session.at)}`);
  }
}

installSprite();
const announcer = createAnnouncer();
const view = el('main.view', {});
const statistics = new Statistics(store, pageClock, () => camera?.session?.measure() ?? null, (id) => directory.refresh(id));
const commands = createCommands(store, {
  session: () => camera?.session, index: () => camera?.index, statistics, notice: (text) => stage.notice(text),
  picture: () => stage.video, tryNow, newLink: () => linkDialog.showModal(),
});
const stage = createStage(store, { onAction: commands.action, onTap: commands.tapPicture }, announcer.say);
const mover = new Mover({
  ask: (...words) => camera?.session?.ask?.(...words) ?? false,
  clock: pageClock,
  onChange: (moving) => store.set({ moving }),
  onFail: (why) => stage.notice(moveNotices[why]),
});
stage.root.append(createPtzPad(store, {
  hold: (direction) => mover.hold(direction), step: (direction) => mover.step(direction), release: () => mover.release(),
  close: commands.move,
}));
const full = createFullScreen(view, stage.video, (isFull) => store.set({ full: isFull }));
const timeline = createTimeline(store, {
  play: commands.play,
  live: commands.live,
  want: (at, step) => camera?.want(at, step),
  look: ({ from, to }) => camera?.index.ensure(from, to),
  clip: { change: commands.changeClip, save: commands.saveClip, cancel: commands.toggleClip },
});
const help = createHelp({ on: getPref('keys', 'on') === 'on', onSwitch: (on) => setPref('keys', on ? 'on' : 'off') });
const linkDialog = createLinkDialog(useLink);
view.append(createTitleBar(store), stage.root, timeline.root, createControls(store, {
  sound: commands.sound, snapshot: commands.snapshot, move: commands.move, stats: commands.stats, pause: commands.pause, step: commands.step,
  speed: commands.speed, clip: commands.toggleClip, full,
}));
document.body.append(
  el('a.skip', { href: '#stage', onclick: (event) => {
    event.preventDefault(); // the address after # belongs to the cameras
    stage.root.focus();
  } }, labels.skip),
  ...createHeader(store, { help: () => help.showModal(), theme: toggleTheme, tryNow }),
  el('div.app', {}, createCameraList(store, commands.action), view,
    createStatsPanel(store, { close: commands.stats, report: commands.report })),
  announcer.root, help, linkDialog, timeline.dialog,
);

listenForKeys(() => getPref('keys', 'on') === 'on', {
  ...commands.keys,
  f: () => full?.(),
  g: () => timeline.focusGoTo(),
  '[': () => timeline.edge(-1),
  ']': () => timeline.edge(1),
  help: () => help.showModal(),
  digit: commands.openNumber,
});
addEventListener('hashchange', openAddress);
addEventListener('online', tryNow);
addEventListener('pagehide', closeCamera); // tells the camera
addEventListener('pageshow', ({ persisted }) => persisted && openAddress());
document.addEventListener('visibilitychange', () => {
  if (document.hidden) mover.release();
  camera?.session?.setHidden(document.hidden);
});

// For demos and end-to-end tests: what the page is doing, how the picture comes, and how long the first picture took from navigation, in ms.
let hubBefore = 'loading';
let recordedBefore;
let noticed = ''; // said once for each camera
store.subscribe((state) => {
  const { session, hub, devices, mode, statsOpen, view: shown, moveOpen } = state;
  root.dataset.state = session?.name ?? 'list';
  root.dataset.way = session?.name === 'live' ? session.way : '';
  document.body.dataset.mode = mode;
  document.body.classList.toggle('local', Boolean(hub.local));
  if (hub.local && shown === 'list' && devices) location.hash = `#/${devices[0].id}`;
  document.body.classList.toggle('with-stats', statsOpen && shown === 'camera');
  document.body.classList.toggle('can-move', canMove(state));
  // The way to the camera may be lost while somebody moves it.
  if (moveOpen && !(session?.name === 'live' && isDirect(session) && canMove(state))) queueMicrotask(stopMoving);
  if (session?.name === 'live' && !root.dataset.firstPictureMs) root.dataset.firstPictureMs = Math.round(performance.now());
  followAddress(state);
  const back = hubBefore === 'lost' && hub.state === 'ok';
  hubBefore = hub.state;
  const recording = devices?.find(({ id }) => id === session?.id)?.recording;
  const grown = recording?.to !== recordedBefore?.to;
  const diskFull = recording?.state === 'disk-full' && recordedBefore?.state !== 'disk-full';
  recordedBefore = recording;
  // Listeners must not change the store themselves.
  if (back) queueMicrotask(() => camera?.session?.tryNow());
  if (grown && camera) queueMicrotask(() => camera?.index.refresh());
  const way = session && `${session.id} ${wayNotice(session)}`;
  if (session?.name === 'live' && wayNotice(session) && way !== noticed) {
    noticed = way;
    queueMicrotask(() => stage.notice(wayNotice(session)));
  }
  if (diskFull) queueMicrotask(() => stage.notice(labels.diskFull));
});

directory.connect();
openAddress();
