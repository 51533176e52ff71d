import { dayName, dayStart, readTime } from '../days.js';
import { el, setText, whenChanged } from '../dom.js';
import { icon } from '../icons.js';
import { timelineLabels, zooms } from '../texts.js';
import { createClip } from './clip.js';
import { createMonth } from './month.js';
import { Track } from './track.js';

const wideDay = 12 * 3600000;
const edgeMs = 2000;
const beforeGapMs = 10000;

/**
 * The recordings of one camera by time: day, Go to, zoom, the track, and what it says below.
 *
 * @param {object} store
 * @param {object} intents  as for `Track`, and `clip` as for `createClip`
 * @returns {{root: HTMLElement, dialog: HTMLElement, focusGoTo: () => void, edge: (way: number) => void, track: Track}}
 */
export function createTimeline(store, intents) {
  const clip = createClip(store, intents.clip);
  const track = new Track(store, {
    ...intents,
    look: (view) => {
      intents.look(view);
      drawHead(view);
    },
    learned: ({ bars, gaps, status }) => foot.draw({ bars: bars !== null, gaps: gaps.length > 0, status }),
  }, clip.handles);
  const month = createMonth(store, { choose: (day) => track.show(day + wideDay), look: intents.look });
  const day = createDay(track, month);
  const goTo = createGoTo(track, intents);
  const zoom = createZoom(track);
  const now = el('button.now', { type: 'button', onclick: () => {
    track.follow();
    intents.live();
  } }, el('i', { 'aria-hidden': 'true' }), el('span'));
  const foot = createFoot();

  function drawHead(view) {
    day.draw(view);
    zoom.draw(view);
  }
  drawHead(track.view);
  let framed = false;
  store.subscribe(({ mode, clip: chosen }) => {
    if (chosen && !framed) queueMicrotask(() => track.frame(chosen)); // listeners must not change the store themselves
    framed = Boolean(chosen);
    setText(now.lastChild, mode === 'play' ? timelineLabels.backToLive : timelineLabels.live);
    now.classList.toggle('on', mode !== 'play');
  });
  return {
    root: el('section.tl', { 'aria-label': timelineLabels.recordings },
      el('div.tl-head', {}, day.root, goTo.root, el('span.grow'), zoom.root, now), track.root, clip.bar, foot.root),
    dialog: month.root,
    focusGoTo: goTo.focus,
    edge: (way) => goToEdge(track, store.get().session?.at ?? Date.now(), way, intents.play),
    track,
  };
}

// Forward to where the next stretch begins; back to where this one began, or to the end of the one before.
function goToEdge(track, at, way, play) {
  const { stretches } = track.data;
  if (way > 0) {
    const next = stretches.find(({ start }) => start > at + 1);
    if (next) play(next.start);
    return;
  }
  const here = stretches.findLast(({ start }) => start < at - edgeMs);
  if (!here) return;
  play(at <= here.end + 1 ? here.start : Math.max(here.start, here.end - beforeGapMs));
}

function createDay(track, month) {
  const middle = () => (track.view.from + track.view.to) / 2;
  const step = (name, label, days) => el('button.tool', {
    type: 'button', 'aria-label': label, onclick: () => track.show(dayStart(middle(), days) + middle() - dayStart(middle())),
  }, icon(name));
  const after = step('next', timelineLabels.dayAfter, 1);
  const text = el('button.text', {
    type: 'button', 'aria-haspopup': 'dialog', title: timelineLabels.chooseDay, onclick: () => month.open(middle()),
  });
  return {
    root: el('div.day', {}, step('back', timelineLabels.dayBefore, -1), text, after),
    draw({ from, to }) {
      const time = (from + to) / 2;
      setText(text, dayName(time));
      after.disabled = dayStart(time, 1) > Date.now();
    },
  };
}

function createGoTo(track, { play, live }) {
  const field = el('input', {
    type: 'text', inputmode: 'numeric', autocomplete: 'off', spellcheck: 'false', placeholder: '15:02',
    'aria-label': timelineLabels.goToTime, 'aria-describedby': 'goto-fault',
    oninput: () => say(''),
  });
  const fault = el('span.fault', { id: 'goto-fault', role: 'alert' });
  function say(text) {
    setText(fault, text);
    if (text) field.setAttribute('aria-invalid', 'true');
    else field.removeAttribute('aria-invalid');
  }
  const form = el('form.goto', {
    novalidate: true,
    onsubmit: (event) => {
      event.preventDefault();
      const time = readTime(field.value, (track.view.from + track.view.to) / 2);
      if (time === null) {
        say(timelineLabels.unreadableTime);
        return;
      }
      field.value = '';
      track.follow();
      if (time >= Date.now()) live();
      else play(time);
    },
  }, el('label', {}, el('span', {}, timelineLabels.goTo), field), fault);
  return { root: form, focus: () => field.focus() };
}

function createZoom(track) {
  const buttons = zooms.map(([label, span], index) => el('button', {
    type: 'button', role: 'radio', onclick: () => track.zoom(span),
    onkeydown: (event) => {
      const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
      if (!by) return;
      event.preventDefault();
      event.stopPropagation();
      const next = (index + by + zooms.length) % zooms.length;
      track.zoom(zooms[next][1]);
      buttons[next].focus();
    },
  }, label));
  return {
    root: el('div.seg', { role: 'radiogroup', 'aria-label': timelineLabels.timeShown }, ...buttons),
    draw({ from, to }) {
      const near = (span) => Math.abs((to - from) / span - 1) < 0.06;
      const chosen = Math.max(0, zooms.findIndex(([, span]) => near(span)));
      buttons.forEach((button, i) => {
        button.setAttribute('aria-checked', near(zooms[i][1]));
        button.tabIndex = i === chosen ? 0 : -1;
      });
    },
  };
}

function createFoot() {
  const root = el('p.tl-foot');
  const key = (name, text) => el('span.k', {}, el(`i${name}`, { 'aria-hidden': 'true' }), text);
  const draw = whenChanged(({ bars, gaps, status }) => {
    if (status !== 200 && status !== null) {
      root.replaceChildren(status === 401 || status === 403 ? timelineLabels.notAllowed : timelineLabels.notLoaded);
      return;
    }
    root.replaceChildren(key('', bars ? timelineLabels.recordedBars : timelineLabels.recorded),
      ...(gaps ? [key('.g', timelineLabels.nothingRecorded)] : []));
  });
  return { root, draw };
}
