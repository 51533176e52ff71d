import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, describe, it } from 'node:test';
import { hasChromium, launch } from './browser.js';
import { startHub } from './fixtures.js';
import { clip } from './media.js';

const skip = hasChromium() ? false : 'Chromium is not installed';
const phone = { size: [390, 844], hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const refuse = (status, problem, retryAfter) => ({ status, problem, retryAfter });

let browser;
let hub;
before(async () => { if (!skip) browser = await launch(); });
after(() => browser?.close());
afterEach(() => hub?.stop());

async function open(options, kind) {
  hub = await startHub(kind);
  return browser.open(hub.origin, options);
}

// Records what the page hands to WebAudio.
function recordSound() {
  globalThis.heard = [];
  const start = AudioBufferSourceNode.prototype.start;
  AudioBufferSourceNode.prototype.start = function record(at) {
    const samples = this.buffer.getChannelData(0);
    const power = Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);
    globalThis.heard.push({ at, until: at + this.buffer.duration / this.playbackRate.value, power });
    start.call(this, at);
  };
}

describe('the camera list', { skip }, () => {
  it('shows every camera with its state, and follows the hub', async () => {
    const { page, text, says, shot, accessible, fits, done } = await open();
    await says('.count', '4 of 5 online');
    const lines = await page.locator('.cam .st').allInnerTexts();
    assert.deepEqual(lines.slice(0, 4), ['Live · 2 watching', 'Live', 'Live · recording', 'Online, no video']);
    assert.match(lines[4], /^Offline since (\d+ \w+, )?\d\d:\d\d$/);
    await shot('list-light');
    await accessible();
    await fits();
    hub.change('workshop', { live: true });
    await says('.cam .st', 'Live');
    hub.change('barn', { online: true });
    await says('.count', '5 of 5 online');
    await page.getByRole('link', { name: 'Driveway' }).click();
    await says('h1', 'Driveway');
    assert.equal(await text('.cam[aria-current] .name'), 'Driveway');
    await done();
  });

  it('fits a phone, a narrow phone and the dark', async () => {
    const view = await open({ ...phone, colorScheme: 'dark' });
    await view.says('.count', '4 of 5 online');
    await view.shot('phone-list-dark');
    await view.accessible();
    await view.page.setViewportSize({ width: 320, height: 600 });
    await view.fits();
    await view.done();
  });

  it('says how to add the first camera', async () => {
    hub = await startHub();
    hub.devices = [];
    const { says, done } = await browser.open(hub.origin);
    await says('.empty', 'Add one on the hub: camspan-hub device add NAME.');
    await done();
  });

  it('takes a new link when the old one has expired', async () => {
    hub = await startHub();
    hub.apiStatus = 401;
    const { page, says, accessible, done } = await browser.open(hub.origin, { path: '/?token=old' });
    await says('.card h2', 'This link has expired');
    await accessible();
    hub.apiStatus = 200;
    await page.getByRole('button', { name: 'Enter a new link' }).click();
    await page.getByLabel('Link or token').fill('https://hub.example/?token=fresh#/x');
    await page.getByRole('button', { name: 'Open' }).click();
    await says('.count', '4 of 5 online');
    assert.ok(hub.tokens.some(([how, token]) => how === 'header' && token === 'Bearer fresh'));
    await done();
  });

  it('counts down while the hub is away, and comes back', async () => {
    const { page, says, shot, done } = await open();
    await says('.count', '4 of 5 online');
    await hub.stop();
    await says('.hub-lost', /No connection to the hub\. Trying again in \d+ s\./);
    await shot('hub-lost');
    await hub.start();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.locator('.hub-lost').waitFor({ state: 'hidden' });
    await done();
  });
});

describe('the token', { skip }, () => {
  it('leaves the address at once and goes with every request', async () => {
    const { page, state, done } = await open({ path: '/?token=s3cret#/front-door' });
    await state('live');
    assert.equal(page.url(), `${hub.origin}/#/front-door`);
    assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{}');
    const ways = hub.tokens.map(([how, token, path]) => [how, token, path].join(' ').trim());
    for (const way of ['header Bearer s3cret', 'query s3cret /live/front-door.flv', 'query s3cret /api/events']) {
      assert.ok(ways.includes(way), way);
    }
    await page.reload();
    await state('live');
    await done();
  });
});

describe('live', { skip }, () => {
  it('shows a picture near the live edge, says so, and gives the sound at a key press', async () => {
    const { page, text, says, state, plays, shot, accessible, done } = await open({ path: '/#/front-door' });
    await state('live');
    const firstPicture = Number(await page.evaluate(() => document.documentElement.dataset.firstPictureMs));
    assert.ok(firstPicture > 0 && firstPicture < 10000, `${firstPicture} ms`);
    await says('.toast', 'Sound is off. Press M or tap the picture.');
    assert.equal(await text('.bar'), 'Sound off\nSnapshot\nStatistics\nFull screen');
    await plays(2);
    await says('.pill', /^Live\s*Through the hub, \d s late$/);
    const ahead = await page.evaluate(() => {
      const video = document.querySelector('video');
      return video.buffered.end(video.buffered.length - 1) - video.currentTime;
    });
    assert.ok(ahead <= 2.5, `${ahead} s behind`);
    assert.match(await page.title(), /^Live · Front door · Camspan$/);
    await says('.watching', '2 watching');
    await shot('live-light');
    await accessible();
    await page.keyboard.press('m');
    await says('.bar', 'Sound on');
    assert.equal(await page.evaluate(() => document.querySelector('video').muted), false);
    await plays(1);
    await page.keyboard.press('m');
    await says('.bar', 'Sound off');
    assert.equal(await page.evaluate(() => document.querySelector('video').muted), true);
    await done();
  });

  it('skips the wait since the last key frame', async () => {
    hub = await startHub();
    hub.live['front-door'] = { clip: clip('longgop'), age: 2200 };
    const { page, state, done } = await browser.open(hub.origin, { path: '/#/front-door' });
    await state('live');
    await page.waitForFunction(() => {
      const video = document.querySelector('video');
      return video.buffered.length > 0 && video.buffered.end(video.buffered.length - 1) - video.currentTime < 1.2;
    }, null, { timeout: 5000 });
    await done();
  });

  for (const kind of ['alaw', 'mulaw']) {
    it(`plays ${kind} sound in step with the picture`, async () => {
      const { page, says, state, plays, done } = await open({ path: '/#/front-door', init: recordSound }, kind);
      await state('live');
      await says('.toast', 'Sound is off. Press M or tap the picture.');
      await page.locator('.stage').click();
      await says('.bar', 'Sound on');
      await page.evaluate(() => { globalThis.heard = []; });
      await plays(2.5);
      const heard = await page.evaluate(() => globalThis.heard);
      const seconds = heard.reduce((sum, { at, until }) => sum + until - at, 0);
      assert.ok(seconds > 1.5, `${seconds} s of sound`);
      // The tone of the clip has an amplitude of 1/8.
      assert.ok(heard.every(({ power }) => Math.abs(power - 0.125 / Math.SQRT2) < 0.02), JSON.stringify(heard[0]));
      const seams = heard.slice(1).filter(({ at }, i) => Math.abs(at - heard[i].until) > 0.001);
      assert.ok(seams.length <= heard.length / 4, `${seams.length} seams in ${heard.length} pieces`);
      await done();
    });
  }

  for (const kind of ['speex', 'silent']) {
    it(`plays the picture of a ${kind} stream and says that there is no sound`, async () => {
      const { page, says, state, plays, done } = await open({ path: '/#/front-door' }, kind);
      await state('live');
      await says('.bar', 'No sound');
      assert.equal(await page.locator('.toast').innerText(), '');
      await plays(1);
      await done();
    });
  }

  it('is stalled when the stream stands still, and live again when it goes on', async () => {
    const { says, state, plays, shot, accessible, done } = await open({ path: '/#/front-door', colorScheme: 'dark' });
    await state('live');
    await plays(0.5);
    hub.frozen = true;
    await state('stalled');
    await says('.pill', /^Stalled\s*\d s$/);
    await says('.steps', 'The picture has stopped. Reconnecting…');
    await says('.steps', /the camera still answers/);
    await shot('stalled-dark');
    await accessible();
    hub.frozen = false;
    await state('live');
    await plays(1);
    await done();
  });

  it('connects again when the stream is cut', async () => {
    const { page, state, plays, done } = await open({ path: '/#/front-door' });
    await state('live');
    hub.dropViewers();
    await page.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('front-door.flv')));
    await state('live');
    await plays(2);
    assert.equal(hub.viewerCount, 1);
    await done();
  });

  it('survives a hub that goes away and comes back', async () => {
    const { says, state, plays, done } = await open({ path: '/#/front-door' });
    await state('live');
    await hub.stop();
    await says('.hub-lost', /No connection to the hub/);
    await state('stalled');
    await hub.start();
    await state('live');
    await plays(1);
    await done();
  });

  it('changes to another camera by number and leaves nothing of the first one', async () => {
    const { page, says, state, plays, done } = await open({ path: '/#/front-door' });
    await state('live');
    await plays(0.5);
    hub.live.driveway = { hang: true };
    await page.keyboard.press('2');
    await says('h1', 'Driveway');
    await state('connecting');
    assert.equal(await page.evaluate(() => document.querySelector('.stage > canvas').width), 0);
    await page.waitForFunction(() => document.querySelector('video').readyState === 0);
    await done();
  });

  it('pauses, plays on at the edge, and saves a picture', async () => {
    const { page, says, state, plays, shot, done } = await open({ path: '/#/front-door' });
    await state('live');
    await plays(1);
    await page.keyboard.press('Space');
    await state('paused');
    await says('.big', 'Tap to play');
    await shot('paused');
    await page.locator('.stage').click();
    await state('live');
    await plays(0.5);
    const saving = page.waitForEvent('download');
    await page.keyboard.press('s');
    const download = await saving;
    assert.match(download.suggestedFilename(), /^front-door \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.jpg$/);
    assert.deepEqual([...readFileSync(await download.path()).subarray(0, 2)], [0xff, 0xd8]);
    await says('.toast', `Saved ${download.suggestedFilename()}`);
    await done();
  });
});

describe('connecting and refused', { skip }, () => {
  it('shows the steps of a slow connection', async () => {
    hub = await startHub();
    hub.live['front-door'] = { hang: true };
    const { says, shot, accessible, done } = await browser.open(hub.origin, { path: '/#/front-door', colorScheme: 'dark' });
    await says('.steps', 'Asking the camera…');
    await says('.steps', 'Step 1 of 3 · usually under a second');
    await shot('connecting-dark');
    await accessible();
    await says('.steps', 'This takes longer than usual');
    await done();
  });

  it('shows since when a camera is gone, and connects by itself when it is back', async () => {
    const view = await open({ path: '/#/barn', colorScheme: 'dark' });
    await view.state('offline');
    await view.says('.card h2', /^Offline since/);
    await view.says('.card', 'The hub lost this camera 2 h 22 min ago.');
    await view.shot('offline-dark');
    await view.accessible();
    assert.equal(await view.page.evaluate(() => document.activeElement.tagName), 'H2');
    hub.live.barn = hub.live.driveway;
    hub.change('barn', { online: true, live: true });
    await view.state('live');
    await view.done();
  });

  const cases = [
    ['workshop', null, 'waiting', 'Waiting', 'The camera is online but sends no video.'],
    ['front-door', refuse(503, 'max-viewers', 1), 'full', 'Not connected', 'The camera is at its limit'],
    ['front-door', refuse(401, 'expired-token'), 'signed-out', 'Signed out', 'This link has expired'],
    ['front-door', refuse(401, 'missing-token'), 'signed-out', 'Signed out', 'This page needs a link'],
    ['front-door', refuse(403, 'not-allowed'), 'refused', 'Not allowed', 'This link does not allow live viewing'],
    ['nowhere', null, 'missing', 'Not found', 'There is no camera called nowhere here'],
  ];
  for (const [id, live, name, pill, title] of cases) {
    it(`shows ${name} for ${live?.problem ?? id}`, async () => {
      hub = await startHub();
      if (live) hub.live[id] = live;
      hub.change('front-door', { viewers: 4 });
      const view = await browser.open(hub.origin, { path: `/#/${id}` });
      await view.state(name);
      assert.equal(await view.text('.pill'), pill);
      assert.equal(await view.text('.card h2'), title);
      await view.shot(`${name}-light`);
      await view.accessible();
      await view.page.setViewportSize({ width: 320, height: 640 });
      await view.fits();
      await view.done();
    });
  }

  it('lets a person try a full camera again after the pause that the hub asks for', async () => {
    hub = await startHub();
    hub.live['front-door'] = refuse(503, 'max-viewers', 1);
    hub.change('front-door', { viewers: 4 });
    const { page, state, done } = await browser.open(hub.origin, { path: '/#/front-door' });
    await state('full');
    const again = page.getByRole('button', { name: 'Try again' });
    hub.live['front-door'] = hub.live.driveway;
    await again.click();
    await state('live');
    await done();
  });

  it('names a codec that the browser cannot show', async () => {
    const { state, text, accessible, done } = await open({ path: '/#/front-door' }, 'h265');
    await state('codec');
    assert.equal(await text('.card h2'), 'This browser cannot show H.265 video');
    await accessible();
    await done();
  });
});

describe('layouts and keys', { skip }, () => {
  it('has the phone layout, with other cameras as a strip', async () => {
    const view = await open({ ...phone, path: '/#/front-door' });
    await view.state('live');
    await view.plays(0.5);
    await view.shot('phone-live');
    await view.accessible();
    await view.fits();
    const { width, height } = await view.page.locator('.stage').boundingBox();
    assert.ok(Math.abs(width / height - 16 / 9) < 0.01 && width === 390, `${width} x ${height}`);
    await view.page.setViewportSize({ width: 844, height: 390 });
    await view.page.waitForFunction(() => 'full' in document.body.dataset);
    await view.shot('phone-lying');
    await view.done();
  });

  it('enters and leaves full screen', async () => {
    const { page, state, done } = await open({ path: '/#/front-door' });
    await state('live');
    await page.keyboard.press('f');
    await page.waitForFunction(() => document.fullscreenElement?.matches('.view'));
    await page.waitForFunction(() => document.body.classList.contains('idle'));
    await page.keyboard.press('Shift');
    await page.waitForFunction(() => !document.body.classList.contains('idle'));
    await page.keyboard.press('f');
    await page.waitForFunction(() => !document.fullscreenElement);
    await done();
  });

  it('shows the keys, and turns single keys off and stays so', async () => {
    const { page, state, shot, accessible, done } = await open({ path: '/#/front-door' });
    await state('live');
    await page.keyboard.press('?');
    const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
    await help.waitFor();
    await shot('help');
    await accessible();
    await page.getByLabel('Use these single keys').uncheck();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.reload();
    await state('live');
    await page.keyboard.press('Space');
    await page.keyboard.press('?');
    assert.equal(await help.isVisible(), false);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.state), 'live');
    await page.getByRole('button', { name: 'Keyboard shortcuts' }).click();
    await help.waitFor();
    await done();
  });

  it('keeps the theme that was chosen', async () => {
    const { page, says, shot, done } = await open({ colorScheme: 'light' });
    await says('.count', '4 of 5 online');
    await page.getByRole('button', { name: 'Light or dark' }).click();
    await page.reload();
    await says('.count', '4 of 5 online');
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(13, 17, 19)');
    await shot('list-dark');
    await done();
  });
});
