/** Sentences about recordings: the timeline, playback and its states. No DOM. Used through texts.js. */

import { dayName, dayStart, hourMinute, hourSecond, momentText } from './days.js';
import { clockTime, span } from './time.js';

/** Fixed labels, by what they are for. */
export const timelineLabels = Object.freeze({
  recordings: 'Recordings',
  time: 'Time',
  timeShown: 'Time shown',
  zoomIn: 'Show less time',
  zoomOut: 'Show more time',
  dayBefore: 'Day before',
  dayAfter: 'Day after',
  chooseDay: 'Choose a day',
  monthBefore: 'Month before',
  monthAfter: 'Month after',
  goTo: 'Go to',
  goToTime: 'Go to time',
  unreadableTime: 'Write a time such as 15:02.',
  live: 'Live',
  backToLive: 'Back to live',
  releaseToPlay: 'Release to play',
  clickToPlay: 'Click to play',
  releaseForLive: 'Release for live',
  recorded: 'Recorded',
  recordedBars: 'Recorded, taller = more change in the picture',
  nothingRecorded: 'Nothing recorded',
  loading: 'Reading what is recorded…',
  notLoaded: 'The hub did not say what is recorded.',
  notAllowed: 'This link does not allow recordings.',
  play: 'Play',
  pause: 'Pause',
  back10: '10 s back',
  on10: '10 s on',
  tenSeconds: '10 s',
  saveClip: 'Save clip',
  cancel: 'Cancel',
  clipStart: 'Start of the clip',
  clipEnd: 'End of the clip',
  weekdays: Object.freeze(['Mo', 'Tu', 'We', 'Th', 'Fr', 'Sa', 'Su']),
});

/** The names of the zoom steps, with their lengths in ms. */
export const zooms = Object.freeze([['24 h', 86400000], ['6 h', 21600000], ['1 h', 3600000], ['10 min', 600000]]);

/** @returns {string} `Speed 1×` */
export const speedLabel = (rate) => `Speed ${rate === 0.5 ? '½' : rate}×`;

const reasons = {
  offline: ['Camera offline', 'The camera was offline'],
  'disk-full': ['Hub disk full', 'The hub’s disk was full'],
  expired: ['Removed to make room', 'This was removed to make room'],
  stopped: ['Recording stopped', 'Recording was stopped'],
  lost: ['Lost by the camera', 'The camera lost what it had'],
};
const reasonOf = (reason) => reasons[reason] ?? [timelineLabels.nothingRecorded, 'Nothing was recorded'];

/** @returns {string} for the track: `Camera offline` */
export const gapLabel = ({ reason }) => reasonOf(reason)[0];

const withDay = (time, other) => (dayStart(time) === dayStart(other) ? hourMinute(time) : `${dayName(time)}, ${hourMinute(time)}`);

// Two edges of one minute need their seconds to be told apart.
const edge = (time, other) => (Math.abs(time - other) < 120000 ? hourSecond(time) : withDay(time, other));

/** @returns {string} `The camera was offline from 11:48 to 12:21.` */
export const gapSentence = (gap) => `${reasonOf(gap.reason)[1]} from ${edge(gap.start, gap.end)} to ${edge(gap.end, gap.start)}.`;

/**
 * What the track says of a time to people who do not see it.
 *
 * @param {number} time
 * @param {{recorded: boolean, gap: object|null, live: boolean}} there
 * @returns {string}  `Recording, 15:02`, `Nothing recorded, camera offline`, `Live, 16:42`
 */
export function trackText(time, { recorded, gap, live }) {
  if (live) return `${timelineLabels.live}, ${hourMinute(time)}`;
  if (recorded) return `Recording, ${hourMinute(time)}`;
  const known = gap && reasons[gap.reason];
  const why = known ? known[0].charAt(0).toLowerCase() + known[0].slice(1) : hourMinute(time);
  return `${timelineLabels.nothingRecorded}, ${why}`;
}

/** @returns {string} under the name of a camera whose recording plays */
export const playbackSubtitle = (session, now) => (session.name === 'playback'
  ? `Recording, ${span(now - session.at)} ago` : timelineLabels.recordings);

/** @returns {string} for what playback passed over */
export const skipped = ({ kind, ms }) => (kind === 'skipped'
  ? `Skipped ${span(ms)} with no recording` : `Skipped ${span(Math.max(1000, ms))} that could not be read.`);

const unit = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`);

/** Bytes that one saved file may have: FAT disks and many phones take no more. */
export const clipLimitBytes = 4e9;

/**
 * @param {number} ms  length of the clip
 * @param {number} bytes  about so many
 * @returns {{text: string, ok: boolean}}  `Save 2 min 10 s, about 31 MB`
 */
export function clipText(ms, bytes) {
  if (bytes > clipLimitBytes) {
    const most = span(Math.floor(ms * clipLimitBytes / bytes / 60000) * 60000);
    return { text: `Too long for one file. Choose less than ${most}.`, ok: false };
  }
  const seconds = Math.round(ms / 1000);
  const even = seconds < 60 || seconds % 60 === 0 || seconds >= 3600;
  const length = even ? span(seconds * 1000) : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return { text: `Save ${length}, about ${unit(bytes)}`, ok: true };
}

const action = (id, label) => ({ id, label, off: false });
const pill = (text, at, now) => ({ kind: 'rec', text, extra: momentText(at, now) });
const calm = { tone: 'play', icon: 'clock' };
const goLive = action('live', 'Go live');

/** From a state of playback to what the person reads; as `explanations` in texts.js. */
export const playbackExplanations = {
  lookup: ({ at, visible }, { now }) => ({
    pill: pill('Recording', at, now),
    steps: visible && { title: `Looking up ${hourMinute(at)}…`, note: '' },
    dim: visible,
  }),
  playback: ({ at, paused, held, waiting }, { now }) => ({
    pill: pill(paused ? 'Recording, paused' : 'Recording', at, now),
    big: held ? 'Tap to play' : '',
    steps: waiting && { title: `Looking up ${hourMinute(at)}…`, note: '' },
  }),
  gap: ({ at, gap, before, after }, { now }) => ({
    pill: pill('Nothing recorded', at, now),
    gone: true,
    card: { ...calm, icon: 'disk', title: 'Nothing recorded here', body: gapSentence(gap),
      actions: [
        after && action(`play:${after.start}`, `Play from ${withDay(after.start, at)}`),
        before && action(`play:${Math.max(before.start, before.end - 10000)}`, 'Play before the gap'),
      ].filter(Boolean) },
  }),
  end: ({ at, again }, { now }) => ({
    pill: pill('End of recording', at, now),
    card: { ...calm, title: 'You have caught up', body: 'This is the end of what has been recorded so far.',
      actions: [goLive, action(`play:${again}`, `Play again from ${withDay(again, now)}`)] },
  }),
  nothing: () => ({
    pill: { kind: 'rec', text: timelineLabels.recordings },
    gone: true,
    card: { ...calm, icon: 'disk', title: 'No recordings yet', body: 'Recording starts when the camera sends video.',
      actions: [goLive] },
  }),
  older: ({ at, oldest }, { now, device }) => {
    const days = device?.recording?.max_age_s / 86400;
    const kept = days >= 1 ? `The hub keeps ${days === 1 ? '1 day' : `${Math.round(days)} days`}. ` : '';
    return {
      pill: pill('Nothing recorded', at, now),
      gone: true,
      card: { ...calm, icon: 'disk', title: 'Removed to make room', body: `${kept}The oldest here is ${clockTime(oldest, now)}.`,
        actions: [action(`play:${oldest}`, 'Play the oldest')] },
    };
  },
  lost: ({ at, retryIn }, { now }) => ({
    pill: { ...pill('Stalled', at, now), kind: 'warn' },
    dim: true,
    steps: { title: 'The recording has stopped. Reconnecting…', note: retryIn > 0 ? `Next try in ${retryIn} s` : '' },
  }),
  unreadable: ({ at }, { now }) => ({
    pill: { ...pill('Cannot play', at, now), kind: 'bad' },
    card: { icon: 'alert', tone: 'bad', title: 'This recording could not be read',
      body: 'The hub has it in its list, but its file is damaged.', next: 'Choose another time, or tell whoever runs the hub.',
      actions: [goLive] },
  }),
};
