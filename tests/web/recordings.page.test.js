import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { deadline, hasChromium, launch } from './browser.js';
import { frontDoor, giveRecording, moment, startHub } from './fixtures.js';
import { FlvCutter } from '../../bridge/hub/web/flv.js';

const skip = hasChromium() ? false : 'Chromium is not installed';
const phone = { size: [390, 844], hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const minute = 60000;

let browser;
let hub;
before(async () => { if (!skip) browser = await launch(); });
after(() => browser?.close());
afterEach(() => hub?.stop());

// Opens `front-door` with its recordings at a time, by default 40 minutes into the newest stretch.
async function open({ at = (times) => times.full[1] + 40 * minute, fixture, ...options } = {}) {
  hub = await startHub();
  const { recording, times } = frontDoor('aac', fixture);
  giveRecording(hub, 'front-door', recording);
  const time = at(times);
  const view = await browser.open(hub.origin, { path: time === null ? '/#/front-door' : moment('front-door', time), ...options });
  return { ...view, times, time, recording, track: view.page.locator('.track') };
}

// Waits until the hub was asked for something.
async function asked(part) {
  const end = Date.now() + deadline;
  while (!hub.asked.some((url) => url.includes(part))) {
    assert.ok(Date.now() < end, `nobody asked for ${part}`);
    await setTimeout(20);
  }
}

const playingTime = (page) => page.evaluate(() => {
  const stamp = document.querySelector('.track').getAttribute('aria-valuenow');
  return Number(stamp) * 1000;
});

// Where a time stands on the track, in px of the page.
async function pointOf(page, time) {
  const { x, y, width, height } = await page.locator('.track').boundingBox();
  const [from, to] = await page.locator('.track').evaluate((track) => ['min', 'max'].map((end) => Number(track.getAttribute(`aria-value${end}`)) * 1000));
  return [x + (time - from) / (to - from) * width, y + height * 0.7];
}

const headIs = (page, time, tolerance = 3000) => page.waitForFunction(([wanted, most]) => (
  Math.abs(Number(document.querySelector('.track').getAttribute('aria-valuenow')) * 1000 - wanted) <= most), [time, tolerance]);

// Presses the key for the next picture and gives the seconds that the picture moved. While a place is still being looked up
// the key does nothing, as for a person, who presses again.
async function nextPicture(page) {
  for (let tries = 0; tries < 9; ++tries) {
    const from = await page.evaluate(() => document.querySelector('video').currentTime);
    await page.keyboard.press('.');
    const moved = await page.waitForFunction((start) => document.querySelector('video').currentTime - start, from, { timeout: 2000 })
      .then((handle) => handle.jsonValue(), () => 0);
    if (moved > 0) return moved;
  }
  return 0;
}

describe('playback', { skip }, () => {
  it('plays from the time in the address, says so, and goes back to live', async () => {
    const { page, text, says, state, plays, shot, accessible, time, done } = await open();
    await state('playback');
    await plays(1.5);
    await says('.pill', /^Recording\s*(Today|\w{3} \d+ \w+) \d\d:\d\d:\d\d$/);
    await says('.title p', /^Recording, 2 h \d+ min ago$/);
    assert.match(await page.title(), /^Recording · Front door · Camspan$/);
    assert.ok(Math.abs(await playingTime(page) - time) < 15000, 'plays about there');
    assert.match(await page.locator('.track').getAttribute('aria-valuetext'), /^Recording, \d\d:\d\d$/);
    assert.equal(await text('.pp'), '10 s\n10 s');
    await page.getByRole('radio', { name: '6 h' }).click();
    await shot('playback-light');
    await accessible();
    await page.getByRole('button', { name: 'Back to live' }).first().click();
    await state('live');
    assert.equal(new URL(page.url()).hash, '#/front-door');
    await says('.now', 'Live');
    await done();
  });

  it('pauses, steps by 10 s, 1 min and one picture, and changes speed', async () => {
    const { page, says, state, plays, shot, time, done } = await open();
    await state('playback');
    await plays(0.5);
    await page.keyboard.press('Space');
    await says('.pill', 'Recording, paused');
    await page.keyboard.press('ArrowRight');
    await headIs(page, time + 11000);
    await page.keyboard.press('Shift+ArrowLeft');
    await headIs(page, time - 49000);
    await state('playback');
    await page.waitForFunction(() => document.querySelector('video').readyState >= 2 && !document.querySelector('video').seeking);
    const moved = await nextPicture(page);
    assert.ok(moved > 0.02 && moved < 0.06, `${moved} s`);
    await page.keyboard.press('Space');
    await plays(0.5);
    const rate = () => page.evaluate(() => document.querySelector('video').playbackRate);
    await page.getByRole('button', { name: 'Speed 1×' }).click();
    await says('.bar', 'Speed 2×');
    assert.equal(await rate(), 2);
    await page.getByRole('button', { name: 'Speed 2×' }).click();
    await says('.bar', 'Speed 4×');
    await says('.bar', 'No sound');
    await state('playback');
    const from = await playingTime(page);
    await page.waitForFunction((start) => Number(document.querySelector('.track').getAttribute('aria-valuenow')) * 1000 > start + 8000, from);
    assert.equal(await rate(), 4);
    await shot('playback-4x');
    await page.getByRole('button', { name: 'Speed 4×' }).click();
    await says('.bar', 'Speed ½×');
    await done();
  });

  it('steps from a place that was gone to while held, where the browser tells of no frame', async () => {
    const { page, says, state, plays, time, done } = await open();
    await state('playback');
    await plays(0.5);
    await page.evaluate(() => {
      const ask = HTMLVideoElement.prototype.requestVideoFrameCallback;
      HTMLVideoElement.prototype.requestVideoFrameCallback = function (told) {
        return ask.call(this, (...frame) => { if (!this.paused) told(...frame); });
      };
    });
    await page.keyboard.press('Space');
    await says('.pill', 'Recording, paused');
    await page.keyboard.press('Shift+ArrowLeft');
    await headIs(page, time - 59000);
    await state('playback');
    await page.waitForFunction(() => document.querySelector('video').readyState >= 2 && !document.querySelector('video').seeking);
    const moved = await nextPicture(page);
    assert.ok(moved > 0.02 && moved < 0.06, `${moved} s`);
    await done();
  });

  it('jumps over a gap and says how long it was', async () => {
    const { page, says, state, times, done } = await open({ at: ({ offline }) => offline[0] - 4000 });
    await state('playback');
    await says('.toast', /^Skipped (32|33) min with no recording$/);
    await headIs(page, times.offline[1] + 2000, 6000);
    await done();
  });

  it('passes over a stretch that cannot be read', async () => {
    const base = Math.floor((Date.now() - 2 * 3600000) / minute) * minute;
    const { says, state, plays, done } = await open({
      at: () => base, fixture: { damaged: { start: base + 3000, end: base + 7000 } },
    });
    await state('playback');
    await says('.toast', /^Skipped [34] s that could not be read\.$/);
    await plays(1);
    await done();
  });

  it('says when the end is reached, and plays again', async () => {
    const { page, text, says, state, shot, accessible, done } = await open({ at: ({ last }) => last - 4000, colorScheme: 'dark' });
    await state('end');
    assert.equal(await text('.card h2'), 'You have caught up');
    await says('.card', 'This is the end of what has been recorded so far.');
    await shot('playback-end-dark');
    await accessible();
    await page.getByRole('button', { name: /^Play again from \d\d:\d\d$/ }).click();
    await state('playback');
    await done();
  });

  it('goes on when the recording has grown meanwhile', async () => {
    const { page, recording, times, done } = await open({ at: ({ last }) => last - 6000 });
    await asked('.flv?start=');
    recording.segments.push({ start: times.last + 40, end: times.last + 30000, bytes: 450000 });
    await headIs(page, times.last + 5000, 4000);
    await done();
  });

  const cases = [
    ['gap', ({ offline }) => offline[0] + 10 * minute, 'Nothing recorded here', /^The camera was offline from \d\d:\d\d to \d\d:\d\d\.$/],
    ['gap', ({ full }) => full[0] + 5 * minute, 'Nothing recorded here', /^The hub’s disk was full from/],
    ['older', ({ first }) => first - 10 * minute, 'Removed to make room', /^The hub keeps 7 days\. The oldest here is (\d+ \w+, )?\d\d:\d\d\.$/],
    ['end', () => Date.now() + minute, 'You have caught up', /^This is the end/],
  ];
  for (const [name, at, title, body] of cases) {
    it(`shows ${name}: ${body.source}`, async () => {
      const { page, text, state, shot, accessible, fits, done } = await open({ at });
      await state(name);
      assert.equal(await text('.card h2'), title);
      assert.match(await text('.card .head p'), body);
      await shot(`playback-${name}-light`);
      await accessible();
      await page.setViewportSize({ width: 320, height: 640 });
      await fits();
      await done();
    });
  }

  it('plays on from a gap, after it or before it', async () => {
    const { page, state, times, done } = await open({ at: ({ offline }) => offline[0] + 10 * minute });
    await state('gap');
    await page.getByRole('button', { name: /^Play from/ }).click();
    await state('playback');
    await headIs(page, times.offline[1], 4000);
    await page.keyboard.press('[');
    await headIs(page, times.offline[0] - 8000, 5000);
    await page.keyboard.press(']');
    await headIs(page, times.offline[1] + 1000, 4000);
    await done();
  });

  it('says that there are no recordings yet', async () => {
    hub = await startHub();
    const { text, state, shot, accessible, done } = await browser.open(hub.origin, { path: moment('driveway', Date.now() - 3600000) });
    await state('nothing');
    assert.equal(await text('.card h2'), 'No recordings yet');
    await shot('playback-nothing');
    await accessible();
    await done();
  });

  const refusals = [
    [{ status: 401, problem: 'expired-token' }, 'signed-out', 'This link has expired'],
    [{ status: 403, problem: 'not-allowed' }, 'refused', 'This link does not allow recordings'],
    [{ status: 404, problem: 'unknown-device' }, 'missing', 'There is no camera called front-door here'],
  ];
  for (const [answer, name, title] of refusals) {
    it(`shows ${name} for a recording`, async () => {
      hub = await startHub();
      hub.recordings['front-door'] = answer;
      const { text, state, accessible, done } = await browser.open(hub.origin, { path: moment('front-door', Date.now() - 3600000) });
      await state(name);
      assert.equal(await text('.card h2'), title);
      await accessible();
      await done();
    });
  }

  it('says what it looks for while the hub is slow, and tries again when it fails', async () => {
    hub = await startHub();
    hub.recordings['front-door'] = { hang: true };
    const { says, state, shot, accessible, done } = await browser.open(hub.origin, { path: moment('front-door', Date.now() - 3600000), colorScheme: 'dark' });
    await state('lookup');
    await says('.steps', /^Looking up \d\d:\d\d…/);
    await shot('playback-lookup-dark');
    await accessible();
    hub.recordings['front-door'] = { status: 500, problem: 'storage-failed' };
    await state('lost');
    await says('.steps', 'The recording has stopped. Reconnecting…');
    const { recording } = frontDoor();
    hub.recordings['front-door'] = recording;
    await state('playback');
    await done();
  });

  it('saves a clip, with handles and their size', async () => {
    const { page, says, state, plays, shot, accessible, done } = await open();
    await state('playback');
    await plays(0.5);
    await page.getByRole('radio', { name: '10 min' }).click();
    await page.getByRole('button', { name: 'Save clip' }).click();
    await says('.clip-bar', /^Save 2 min( \d s)?, about \d+ MB/);
    const end = page.getByRole('slider', { name: 'End of the clip' });
    for (let i = 0; i < 11; i++) await end.press('PageDown');
    await says('.clip-bar', /^Save (9|10|11) s, about 1 MB/);
    await shot('playback-clip');
    await accessible();
    const saving = page.waitForEvent('download');
    await page.locator('.clip-bar').getByRole('button', { name: /^Save/ }).click();
    const saved = await saving;
    assert.match(saved.suggestedFilename(), /^front-door_\d{8}T\d{6}Z\.flv$/);
    const tags = new FlvCutter().push(new Uint8Array(readFileSync(await saved.path())));
    const length = tags.at(-1).timestamp / 1000;
    assert.ok(length > 8 && length < 12.5, `${length} s`);
    await page.locator('.clip-bar').waitFor({ state: 'hidden' });
    await done();
  });
});

describe('the timeline', { skip }, () => {
  it('draws stretches, bars and gaps with their reason, and zooms', async () => {
    const { page, says, state, shot, accessible, times, done } = await open({ at: () => null });
    await state('live');
    await says('.tl-foot', 'Recorded, taller = more change in the picture');
    await says('.tl-foot', 'Nothing recorded');
    await says('.track', 'Removed to make room');
    await page.getByRole('radio', { name: '6 h' }).click();
    assert.equal(await page.getByRole('radio', { name: '6 h' }).getAttribute('aria-checked'), 'true');
    await says('.track', 'Camera offline');
    await shot('timeline-6h');
    await accessible();
    const stretches = await page.locator('.track .base').evaluate((path) => path.getAttribute('d').split('z').length - 1);
    assert.equal(stretches, 3);
    const [x, y] = await pointOf(page, times.full[0] + 5 * minute);
    await page.mouse.move(x, y);
    await says('.preview', /The hub’s disk was full from \d\d:\d\d to \d\d:\d\d\./);
    await done();
  });

  it('is a plain band for a camera with a constant bit rate, and has no reasons where the hub names none', async () => {
    const { says, state, shot, track, done } = await open({ at: () => null, fixture: { constant: true, named: false } });
    await state('live');
    await says('.tl-foot', /^Recorded\s*Nothing recorded$/);
    await says('.track', 'Nothing recorded');
    assert.equal((await track.innerHTML()).includes('Camera offline'), false);
    await shot('timeline-constant');
    await done();
  });

  it('shows pictures at the pointer, plays where it is clicked, and where a drag ends', async () => {
    const { page, says, state, shot, times, done } = await open({ at: () => null });
    await state('live');
    await page.getByRole('radio', { name: '6 h' }).click();
    const first = times.full[1] + 30 * minute;
    await says('.tl-foot', 'taller');
    await page.mouse.move(...await pointOf(page, first));
    await page.locator('.preview canvas').waitFor();
    await says('.preview', 'Click to play');
    await shot('timeline-hover');
    const asked = hub.asked.filter((url) => url.includes('key.flv'));
    assert.ok(asked.length >= 1 && asked.length <= 3, asked.join());
    await page.mouse.click(...await pointOf(page, first));
    await state('playback');
    await headIs(page, first, 30000);
    await page.mouse.move(...await pointOf(page, first));
    await page.mouse.down();
    const second = times.full[1] + 70 * minute;
    await page.mouse.move(...await pointOf(page, second), { steps: 5 });
    await says('.preview', 'Release to play');
    await page.locator('.track .playing').waitFor({ state: 'attached' });
    await shot('timeline-drag');
    await page.mouse.up();
    await headIs(page, second, 40000);
    await state('playback');
    await done();
  });

  it('shows pictures without WebCodecs too', async () => {
    const { page, state, says, times, done } = await open({ at: () => null, init: () => { delete globalThis.VideoDecoder; } });
    await state('live');
    await page.getByRole('radio', { name: '6 h' }).click();
    await says('.tl-foot', 'taller');
    await page.mouse.move(...await pointOf(page, times.full[1] + 30 * minute));
    const canvas = page.locator('.preview canvas');
    await canvas.waitFor();
    // The left edge of the test picture is red but for a clock and a line that wanders; an empty canvas has no colour.
    const red = await canvas.evaluate((node) => {
      const { data } = node.getContext('2d').getImageData(8, 0, 1, node.height);
      return Array.from({ length: node.height }, (_, y) => data[4 * y] > 150 && data[4 * y + 1] < 100).filter(Boolean).length / node.height;
    });
    assert.ok(red > 0.5, `${red} of the left edge is red`);
    await done();
  });

  it('zooms by Ctrl and wheel, and by pinch', async () => {
    const { page, context, state, times, done } = await open({ at: () => null, hasTouch: true });
    await state('live');
    const span = () => page.locator('.track').evaluate((node) => node.getAttribute('aria-valuemax') - node.getAttribute('aria-valuemin'));
    const isUnder = (most) => page.waitForFunction((seconds) => {
      const value = (name) => Number(document.querySelector('.track').getAttribute(`aria-value${name}`));
      return value('max') - value('min') < seconds;
    }, most);
    const [x, y] = await pointOf(page, times.full[1] + 30 * minute);
    await page.mouse.move(x, y);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -120);
    await page.keyboard.up('Control');
    await isUnder(86400 * 0.6);
    const before = await span();
    const touch = await context.newCDPSession(page);
    const points = (apart) => [{ x: x - apart, y, id: 1 }, { x: x + apart, y, id: 2 }];
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: points(40) });
    for (const apart of [60, 90, 120]) await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: points(apart) });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    await isUnder(before * 0.5);
    await state('live'); // a pinch plays nothing
    await done();
  });

  it('lets a drag be taken back, and moves by drag where nothing is recorded', async () => {
    const { page, state, plays, times, time, done } = await open();
    await state('playback');
    await plays(0.5);
    await page.getByRole('radio', { name: '6 h' }).click();
    await page.mouse.move(...await pointOf(page, time));
    await page.mouse.down();
    await page.mouse.move(...await pointOf(page, times.full[1] + 5 * minute), { steps: 3 });
    await page.keyboard.press('Escape');
    await page.mouse.up();
    await headIs(page, time, 20000);
    const edge = () => page.locator('.track').getAttribute('aria-valuemin').then(Number);
    const before = await edge();
    const [x, y] = await pointOf(page, times.offline[0] + 15 * minute);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + 100, y, { steps: 4 });
    await page.mouse.up();
    const earlier = await edge();
    assert.ok(earlier < before - 600, 'earlier times are shown');
    await page.mouse.wheel(0, 400);
    await page.waitForFunction((from) => Number(document.querySelector('.track').getAttribute('aria-valuemin')) > from + 600, earlier);
    await done();
  });

  it('goes to a time that is written, and says how to write one', async () => {
    const { page, says, state, times, accessible, shot, done } = await open({ at: () => null });
    await state('live');
    const field = page.getByLabel('Go to time');
    await page.keyboard.press('g');
    await field.fill('noon');
    await field.press('Enter');
    await says('.fault', 'Write a time such as 15:02.');
    await shot('timeline-goto-fault');
    await accessible();
    const wanted = new Date(times.last - 30 * minute);
    const text = await page.evaluate((time) => new Date(time).toTimeString().slice(0, 5), wanted.getTime());
    const sameDay = await page.evaluate((time) => new Date(time).toDateString() === new Date().toDateString(), wanted.getTime());
    await field.fill(text.replace(':', ''));
    await field.press('Enter');
    if (sameDay) {
      await state('playback');
      await headIs(page, wanted.getTime() - wanted.getTime() % minute, 5000);
    }
    await done();
  });

  it('is a slider for the keyboard', async () => {
    const { page, state, plays, track, time, done } = await open();
    await state('playback');
    await plays(0.5);
    await page.getByRole('radio', { name: '1 h' }).click();
    await track.focus();
    const from = await playingTime(page);
    for (let i = 0; i < 3; i++) await track.press('ArrowRight');
    await headIs(page, from + 90000, 8000);
    await page.waitForFunction((start) => location.hash.includes('Z') && Date.parse(location.hash.split('/')[2]) > start + 60000, time);
    await state('playback');
    await track.press('+');
    await page.waitForFunction(() => {
      const value = (name) => Number(document.querySelector('.track').getAttribute(`aria-value${name}`));
      return value('max') - value('min') === 1800;
    });
    await done();
  });

  it('is drawn in little time for a day of 1440 segments', async () => {
    const { page, state, done } = await open({ at: () => null });
    await state('live');
    const ms = await page.evaluate(async () => {
      const [{ trackData }, { drawTrack }, { dayStart }] = await Promise.all(['/track-data.js', '/views/track-drawing.js', '/days.js']
        .map((path) => import(path)));
      const from = dayStart(Date.now(), -1);
      const minute = 60000;
      const segments = Array.from({ length: 1440 }, (_, i) => (
        { start: from + i * minute, end: from + (i + 1) * minute - 40, bytes: 1e6 * (1 + (i * 7 % 13)) }));
      const view = { from, to: dayStart(from, 1) };
      const days = new Map([[from, { status: 200, segments, gaps: [] }]]);
      const times = [];
      for (let i = 0; i < 30; i++) {
        const begin = performance.now();
        const data = trackData({ recordings: { id: 'x', days }, devices: [] }, view, Date.now());
        drawTrack({ ...data, view, width: 1080, height: 92, now: Date.now(), head: { at: from, live: false, seconds: true }, playing: null });
        times.push(performance.now() - begin);
      }
      return times.sort((a, b) => a - b)[15];
    });
    console.log(`# redraw for 1440 segments: ${ms.toFixed(1)} ms (median)`);
    assert.ok(ms < 16, `${ms} ms`); // the budget is 4 ms on a machine that is not busy
    await done();
  });

  it('says that the disk is full', async () => {
    const { says, state, recording, shot, done } = await open({ at: () => null });
    await state('live');
    hub.change('front-door', { recording: { ...recording.summary, state: 'disk-full' } });
    await says('.toast', 'Not recording: the hub’s disk is full. Live still works.');
    await shot('disk-full');
    await done();
  });

  it('opens a month with the recorded days filled', async () => {
    const { page, state, shot, accessible, done } = await open({ at: () => null });
    await state('live');
    await page.locator('.day .text').click();
    const month = page.getByRole('dialog', { name: 'Choose a day' });
    const today = await page.evaluate(() => String(new Date().getDate()));
    await month.locator('.filled', { hasText: new RegExp(`^${today}$`) }).waitFor();
    await shot('timeline-month');
    await accessible();
    await month.locator('.filled').last().click();
    await month.waitFor({ state: 'hidden' });
    await done();
  });

  it('has the phone layout, in light and dark', async () => {
    const view = await open({ ...phone, colorScheme: 'dark' });
    await view.state('playback');
    await view.plays(0.5);
    await view.page.getByRole('radio', { name: '6 h' }).click();
    await view.shot('phone-playback-dark');
    await view.accessible();
    await view.fits();
    await view.page.emulateMedia({ colorScheme: 'light' });
    await view.shot('phone-playback-light');
    await view.page.touchscreen.tap(...await pointOf(view.page, view.time + 20 * minute));
    await headIs(view.page, view.time + 20 * minute, 60000);
    await view.page.setViewportSize({ width: 320, height: 700 });
    await view.fits();
    await view.shot('phone-narrow-playback');
    await view.done();
  });
});
