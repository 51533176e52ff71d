/** Sentences of the statistics. No DOM. Used through texts.js. */

import { hourSecond } from './days.js';
import { isDirect, skippedOf } from './stats.js';

/** Fixed labels, by what they are for. */
export const statsLabels = Object.freeze({
  now: 'Now',
  delay: 'Delay, camera to screen',
  behind: 'Behind the stream',
  data: 'Data',
  frames: 'Frames shown',
  path: 'Path',
  media: 'Picture and sound',
  copy: 'Copy a report',
  copied: 'Report copied.',
  notCopied: 'The browser did not allow copying. Select the text and copy it.',
  addresses: 'With addresses',
  unknown: 'unknown',
});

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

const ways = { direct: 'Direct', relay: 'Relayed', hub: 'Through the hub' };

function healthyText(session, measured) {
  if (session.name === 'playback') return 'The hub sends the recording as fast as it is watched.';
  return isDirect(measured) ? `${ways[measured.way]} path, nothing lost in the last minute.`
    : 'Through the hub, nothing skipped in the last minute.';
}

/**
 * @param {object} stats  of the store
 * @param {object} session
 * @returns {{tone: ''|'warn'|'bad', title: string, body: string}}
 */
export function verdictText({ verdict, lastPicture, measured }, session) {
  const { kind, value } = verdict;
  switch (kind) {
    case 'healthy': return { tone: '', title: 'Healthy', body: healthyText(session, measured) };
    case 'behind': return { tone: 'warn', title: 'Behind', body: `The picture is ${value.toFixed(1)} s late; catching up.` };
    case 'lossy': return { tone: 'warn', title: 'Slow network',
      body: `What is lost on the way leaves ${mbitText(value)}.` };
    case 'losing': return { tone: 'warn', title: 'Losing pictures',
      body: `${value} % lost on the way: weak network between you and the ${measured.way === 'relay' ? 'relay' : 'camera'}.` };
    case 'struggling': return { tone: 'warn', title: 'Camera is struggling',
      body: `It skipped ${plural(value, 'picture', 'pictures')}: its own upload is full.` };
    case 'skipping': return { tone: 'warn', title: 'Losing pictures',
      body: `The hub skipped ${plural(value, 'piece', 'pieces')} in the last minute: weak network between a viewer and the hub.` };
    case 'busy': return { tone: 'warn', title: 'Losing pictures',
      body: `This device was too busy to show ${plural(value, 'picture', 'pictures')} in the last minute.` };
    case 'connecting': return { tone: '', title: 'Connecting', body: 'No picture yet.' };
    default: return { tone: 'bad', title: 'Not connected',
      body: `${lastPicture ? `Last picture ${hourSecond(lastPicture)}. ` : ''}See the reason on the picture.` };
  }
}

const soundNames = { pcma: 'G.711 A-law', pcmu: 'G.711 µ-law', opus: 'Opus', speex: 'Speex' };

function soundText(device, measured) {
  const { audio } = device ?? {};
  if (!audio?.codec) return measured?.sound === 'none' || measured?.sound === 'unknown' ? 'none' : statsLabels.unknown;
  const rate = audio.rate ? `, ${audio.rate / 1000} kHz` : '';
  return (soundNames[audio.codec] ?? audio.codec.toUpperCase()) + rate;
}

const videoText = (measured) => (measured?.width ? `${measured.codec}, ${measured.width} × ${measured.height}` : statsLabels.unknown);

/** @returns {string} `1.94 Mbit/s` */
export const mbitText = (bits) => `${(bits / 1e6).toFixed(2)} Mbit/s`;

/**
 * The sparklines.
 *
 * @param {object} stats
 * @param {object} session
 * @returns {{label: string, key: string, value: string, unit: string}[]}
 */
export function sparkTexts({ samples }, session) {
  const last = samples.at(-1);
  const of = (value, digits) => (value === undefined ? '–' : value.toFixed(digits));
  const late = { label: statsLabels.behind, key: 'lateS', value: of(last?.lateS, 1), unit: 's' };
  return [
    ...(session.name === 'playback' ? [] : [late]),
    { label: statsLabels.data, key: 'mbit', value: of(last?.mbit, 2), unit: 'Mbit/s' },
    { label: statsLabels.frames, key: 'frames', value: of(last?.frames, 1), unit: 'a second' },
  ];
}

const direct = ['Asking the camera', 'Finding a path', 'Securing', 'Opening the stream', 'Waiting for a picture'];
const stepNames = { direct, hub: [0, 3, 4].map((i) => direct[i]) };

/** @returns {{title: string, steps: [string, string, number][]}|null}  name, text and ms of each step of the first picture */
export const startupText = (startup) => startup && {
  title: `First picture in ${startup.ms.reduce((sum, ms) => sum + ms, 0)} ms`,
  steps: startup.ms.map((ms, i) => [stepNames[startup.way][i], `${ms} ms`, ms]),
};

const skipNames = { late: 'Too late', overflow: 'Full', lifetime: 'Expired' };
const msText = (ms) => (ms === null ? statsLabels.unknown : `${ms} ms`);

/**
 * The rows below, by their headings.
 *
 * @param {object} stats
 * @param {object} device  as in `/api/devices`
 * @param {object} session
 * @returns {[string, [string, string][]][]}
 */
export function statsRows(stats, device, session) {
  const { measured, roundTripMs, dropped } = stats;
  const last = stats.samples.at(-1);
  const live = session.name !== 'playback';
  const isPeer = isDirect(measured);
  const camera = measured?.camera;
  return [
    [statsLabels.path, [
      ['How', `${ways[measured?.way ?? 'hub']}, ${measured?.protocol ?? 'TCP'}`],
      ...(live ? [[statsLabels.delay, statsLabels.unknown]] : []),
      isPeer ? ['Round trip', msText(measured.roundTripMs)] : ['Round trip to the hub', msText(roundTripMs)],
      ...(isPeer ? [['Lost', camera?.loss === undefined ? statsLabels.unknown : `${(camera.loss * 100).toFixed(1)} %`]] : []),
      ['Waiting here', last ? `${Math.round(Math.max(0, last.aheadS) * 1000)} ms` : statsLabels.unknown],
    ]],
    ['At the hub', [
      ['Watching', String(device?.viewers ?? statsLabels.unknown)],
      ['From the camera', device?.live ? mbitText(device.bitrate ?? 0) : 'nothing'],
      ...(device?.skipped_tags === undefined ? [] : [['Skipped for slow viewers', plural(device.skipped_tags, 'piece', 'pieces')]]),
      ...(device?.dropped_viewers === undefined ? [] : [['Let go, took nothing', plural(device.dropped_viewers, 'viewer', 'viewers')]]),
    ]],
    ...(camera ? [['Skipped by the camera', skippedOf(camera).map(([cause, count]) => [skipNames[cause], plural(count, 'picture', 'pictures')])]] : []),
    [statsLabels.media, [
      ['Video', videoText(measured)],
      ['Sound', soundText(device, measured)],
      ['Skipped here: too late', plural(dropped, 'picture', 'pictures')],
    ]],
  ];
}

/**
 * The report for support: no token in it, and addresses only when asked for.
 *
 * @param {object} about  `stats`, `session`, `device`, `history`, `browser`, and `address` or null
 * @returns {string}
 */
export function reportText({ stats, session, device, history, browser, address }) {
  const verdict = verdictText(stats, session);
  const rows = statsRows(stats, device, session).flatMap(([title, list]) => [title, ...list.map(([name, text]) => `  ${name}: ${text}`)]);
  const startup = startupText(stats.startup);
  return [
    `Camspan viewer, ${new Date(stats.now).toISOString()}`,
    `Camera ${session.id}: ${session.name}`,
    `${verdict.title}: ${verdict.body}`,
    ...sparkTexts(stats, session).map(({ label, value, unit }) => `${label}: ${value} ${unit}`),
    ...rows,
    ...(startup ? [startup.title, ...startup.steps.map(([name, text]) => `  ${name}: ${text}`)] : []),
    'States of the last 5 minutes',
    ...history.map(({ at, id, name }) => `  ${new Date(at).toISOString()} ${id} ${name}`),
    `Browser: ${browser}`,
    ...(address ? [`Page: ${address}`] : []),
  ].join('\n');
}
