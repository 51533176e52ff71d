/** Every sentence of the page, and `explain`, which turns a state into what the person reads. No DOM. */

import { playbackExplanations, playbackSubtitle, timelineLabels } from './playback-texts.js';
import { clockTime, span } from './time.js';

export * from './playback-texts.js';
export * from './stats-texts.js';

/** Fixed labels, by what they are for. */
export const labels = Object.freeze({
  product: 'Camspan',
  skip: 'Skip to the picture',
  home: 'Camspan, all cameras',
  cameras: 'Cameras',
  allCameras: 'All cameras',
  picture: (name) => `Picture of ${name}`,
  controls: 'Controls',
  keyboard: 'Keyboard shortcuts',
  theme: 'Light or dark',
  soundOn: 'Sound on',
  soundOff: 'Sound off',
  noSound: 'No sound',
  snapshot: 'Snapshot',
  saved: (file) => `Saved ${file}`,
  diskFull: 'Not recording: the hub’s disk is full. Live still works.',
  statistics: 'Statistics',
  fullScreen: 'Full screen',
  leaveFullScreen: 'Leave full screen',
  details: 'Details for support',
  close: 'Close',
  singleKeys: 'Use these single keys',
  tryNow: 'Try now',
  newLink: 'Enter a new link',
  linkField: 'Link or token',
  useLink: 'Open',
});

/** Of the pad that moves a camera, and why it does not move. */
export const moveLabels = Object.freeze({
  move: 'Move', pad: 'Move the camera',
  up: 'Up', left: 'Left', right: 'Right', down: 'Down', in: 'Zoom in', out: 'Zoom out',
});
export const moveNotices = Object.freeze({
  silent: 'The camera did not answer. Try again.',
  end: 'It cannot move further.',
  unknown: 'This camera cannot do that.',
  hub: 'Moving needs a direct or relayed connection. Try another network.',
});

/** The keyboard, as the help shows it. */
export const shortcuts = Object.freeze([
  ['Space', 'Play or pause'],
  ['M', 'Sound'],
  ['F', 'Full screen'],
  ['S', 'Snapshot'],
  ['I', 'Statistics'],
  ['P', 'Move, then arrows + – and Esc'],
  ['L', 'Live'],
  ['G', 'Go to a time'],
  ['← →', '10 s back and on, with Shift 1 min'],
  [', .', 'One picture back and on'],
  ['[ ]', 'To the edge of a gap'],
  ['1 – 9', 'Camera'],
  ['?', 'This list'],
]);

/** @returns {string} what a camera is called on the page */
export const nameOf = (device, id) => device?.name || id;

/** @returns {string} such as `4 of 5 online` */
export const onlineCount = (devices) => `${devices.filter(({ online }) => online).length} of ${devices.length} online`;

/** @returns {string} such as `2 watching`; empty for nobody */
export const watching = (device) => (device?.viewers > 0 ? `${device.viewers} watching` : '');

/** The list without a camera in it. */
export const emptyList = Object.freeze({
  title: 'No cameras yet',
  body: 'Add one on the hub: camspan-hub device add NAME. It appears here when it connects.',
});

/** @returns {string}  of a hub, or of a camera with a page of its own, that does not answer */
export const hubLost = ({ retryIn, local }) => `No connection to the ${local ? 'camera' : 'hub'}. Trying again in ${retryIn} s.`;

// The hub writes the end of the newest segment into `recording.to`; segments are a minute long.
const recordingFreshMs = 150000;

function isRecording(device, now) {
  const end = Date.parse(device.recording?.to);
  return device.live && now - end < recordingFreshMs;
}

function offlineSince(device, now) {
  const since = device?.last_seen && clockTime(device.since ?? device.last_seen, now);
  return since ? `Offline since ${since}` : 'Never connected';
}

/**
 * One line about a camera, for the list.
 *
 * @param {object} device  as in `/api/devices`
 * @param {number} now  ms
 * @returns {{dot: 'live'|'wait'|'off', text: string}}
 */
export function listLine(device, now) {
  if (device.live) {
    const more = watching(device) || (isRecording(device, now) ? 'recording' : '');
    return { dot: 'live', text: more ? `Live · ${more}` : 'Live' };
  }
  if (device.online) return { dot: 'wait', text: 'Online, no video' };
  return { dot: 'off', text: offlineSince(device, now) };
}

const isPlayback = ({ name }) => name in playbackExplanations;

/** @returns {string} the line under the camera's name, such as `Live since 08:12`; empty for an unknown camera */
export function subtitle(device, session, now) {
  if (isPlayback(session)) return playbackSubtitle(session, now);
  if (!device) return '';
  if (!device.online) return offlineSince(device, now);
  const since = device.live && clockTime(device.since, now);
  return since ? `Live since ${since}` : 'Online';
}

const direct = ['Asking the camera…', 'Finding a path to the camera…', 'Securing the connection…', 'Opening the stream…',
  'Waiting for the first picture…'];
const steps = { direct, hub: [0, 3, 4].map((i) => direct[i]) };

const relayed = 'A firewall blocks the direct path, so a relay carries the picture.';
const throughHub = 'This network blocks camera connections. The picture comes through the hub.';

/** @returns {string}  what the page says once, when the picture comes another way than direct; empty for direct */
export const wayNotice = (session) => (session?.way === 'relay' ? relayed : session?.blocked ? throughHub : '');

// Why a way did not bring a picture.
const directReasons = {
  blocked: 'no answer (UDP blocked)', 'no-answer': 'the camera did not answer', 'no-video': 'the camera offers none',
  full: 'the camera is at its limit', 'no picture': 'no picture came', left: 'not waited for',
};
const relayReasons = { none: 'none is set up', refused: 'refused the password', silent: 'no answer', blocked: 'no answer' };

function triedWays({ direct, hub }, seconds) {
  const rows = [];
  if (direct) rows.push(['Direct', directReasons[direct.cause ?? direct.reason] ?? 'closed']);
  if (direct?.cause === 'blocked') rows.push(['Relay', relayReasons[direct.relay] ?? relayReasons.none]);
  if (hub) rows.push(['Through the hub', hub.reason === 'no picture' ? directReasons[hub.reason] : `closed after ${seconds} s`]);
  return rows;
}

const watchRecordings = { id: 'recordings', label: 'Watch recordings', off: false };

const action = (id, label, off = false) => ({ id, label, off });
const bad = (text) => ({ kind: 'bad', text });

const signedOut = ({ problem }) => (problem === 'missing-token'
  ? { title: 'This page needs a link', body: 'Ask whoever runs the hub for one.' }
  : { title: 'This link has expired', body: 'Ask whoever shared it for a new one.' });

/**
 * The card for a hub that does not answer this token, on the list and on a camera.
 *
 * @param {{status: number, problem: string}} refusal
 * @returns {object} as `card` of `explain`
 */
export function refusalCard(refusal) {
  if (refusal.status === 403) {
    return { icon: 'lock', tone: '', title: 'This link does not allow the camera list',
      body: 'Ask whoever runs the hub to add it.', actions: [] };
  }
  return { icon: 'lock', tone: '', ...signedOut(refusal), actions: [action('new-link', labels.newLink)] };
}

const recordingsOf = (device) => (device?.recording?.to ? [watchRecordings] : []);

const explanations = {
  ...playbackExplanations,
  connecting: ({ way, step, of, visible, slow }) => ({
    pill: { kind: 'busy', text: 'Connecting' },
    dim: visible,
    steps: visible && {
      title: steps[way][step - 1],
      done: step - 1,
      of,
      note: slow ? 'This takes longer than usual' : `Step ${step} of ${of} · usually under a second`,
      action: slow && way === 'direct' ? action('use-hub', 'Use the hub instead') : null,
    },
  }),
  live: ({ way, late, tooSlow }) => (tooSlow
    ? { pill: { kind: 'live', text: 'Live', extra: 'Slow network' }, toast: 'The network is too slow for this picture.' }
    : { pill: { kind: 'live', text: 'Live', extra: { direct: 'Direct', relay: 'Relayed' }[way] ?? `Through the hub, ${late} s late` } }),
  paused: () => ({ pill: { kind: 'warn', text: 'Paused' }, big: 'Tap to play' }),
  stalled: ({ seconds, retryIn }, { device, hub }) => {
    const next = retryIn > 0 ? `Next try in ${retryIn} s` : '';
    const answers = device?.online && hub.state === 'ok' ? 'the camera still answers' : '';
    return {
      pill: { kind: 'warn', text: 'Stalled', extra: `${seconds} s` },
      dim: true,
      steps: { title: 'The picture has stopped. Reconnecting…', note: [next, answers].filter(Boolean).join(' · ') },
    };
  },
  offline: ({ still }, { device, now }) => {
    const ago = device?.last_seen && span(now - Date.parse(device.since ?? device.last_seen));
    return {
      pill: bad('Offline'),
      gone: true,
      card: { icon: 'plug', tone: '', title: offlineSince(device, now),
        body: ago ? `The hub lost this camera ${ago} ago.${still ? ' This is the last picture it sent.' : ''}` : '',
        next: 'Check its power and network. The page connects by itself when it is back.',
        actions: [device?.recording?.to && action('recordings', 'Watch the last minutes'), action('try', labels.tryNow)]
          .filter(Boolean) },
    };
  },
  waiting: (_, { device }) => ({
    pill: { kind: 'warn', text: 'Waiting' },
    card: { icon: 'clock', tone: 'calm', title: 'The camera is online but sends no video.', body: '',
      next: 'If this lasts, restart its video program.', actions: recordingsOf(device) },
  }),
  full: ({ ready }, { device, name }) => {
    const people = device?.max_viewers ?? device?.viewers;
    return {
      pill: bad('Not connected'),
      card: { icon: 'people', tone: 'calm', title: 'The camera is at its limit',
        body: people ? `${people === 1 ? '1 person is' : `${people} people are`} watching ${name}, as many as it allows.` : '',
        next: 'Try again in a minute, or ask one of them to close the page.',
        actions: [action('try', 'Try again', !ready), ...recordingsOf(device)] },
    };
  },
  'signed-out': (state) => ({ pill: bad('Signed out'), card: refusalCard(state) }),
  refused: ({ at }) => ({
    pill: bad('Not allowed'),
    card: { icon: 'lock', tone: '', title: `This link does not allow ${at === undefined ? 'live viewing' : 'recordings'}`,
      body: 'Ask whoever runs the hub to add it.', actions: [] },
  }),
  missing: (_, { id }) => ({
    pill: bad('Not found'),
    card: { icon: 'camera', tone: '', title: `There is no camera called ${id} here`, body: '',
      actions: [action('list', labels.allCameras)] },
  }),
  codec: ({ codec, at }, { device }) => ({
    pill: bad('Cannot play'),
    card: { icon: 'alert', tone: 'bad', title: `This browser cannot show ${codec} video`, body: '',
      next: 'Use Safari or a recent Chrome, or set the camera to H.264.',
      actions: at !== undefined || device?.recording?.to ? [action('clip', timelineLabels.saveClip)] : [] },
  }),
  unreachable: ({ ways, seconds, details }, { name, device }) => ({
    pill: bad('Not connected'),
    card: { icon: 'alert', tone: 'bad', title: 'No way through to the camera',
      body: `${name} is online, but nothing got through from this network.`,
      rows: triedWays(ways, seconds),
      next: 'Try another network, such as phone data. If it fails there too, the hub’s relay needs attention: '
        + 'send the details to whoever runs it.',
      actions: [action('try', 'Try again'), ...recordingsOf(device)], details },
  }),
};

/**
 * @param {object} session  `session` of the store
 * @param {{device: object|undefined, hub: object, sound: object, now: number}} around  `now` in ms
 * @returns {object}  `pill` {kind, text, extra}, and where they apply: `dim`, `gone` (no live picture behind), `steps`
 *   {title, done, of, note, action}, `card` {icon, tone, title, body, rows, next, actions, details}, `big` (over the picture),
 *   `toast`
 */
export function explain(session, around) {
  const name = nameOf(around.device, session.id);
  const told = explanations[session.name](session, { ...around, name, id: session.id });
  const held = (session.name === 'live' || session.name === 'playback') && around.sound.held;
  return { ...told, dim: Boolean(told.dim || told.card), toast: held ? 'Sound is off. Press M or tap the picture.' : told.toast ?? '' };
}
