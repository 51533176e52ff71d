import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { hasChromium, launch } from './browser.js';
import { frontDoor, giveRecording, moment, startHub } from './fixtures.js';

const skip = hasChromium() ? false : 'Chromium is not installed';
const phone = { size: [390, 844], hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const figures = { bitrate: 1940000, skipped_tags: 3, dropped_viewers: 1, video: { codec: 'h264', width: 640, height: 360, fps: 25 },
  audio: { codec: 'aac', rate: 44100, channels: 1 } };

let browser;
let hub;
before(async () => { if (!skip) browser = await launch(); });
after(() => browser?.close());
afterEach(() => hub?.stop());

async function open(path, options) {
  hub = await startHub();
  hub.change('front-door', figures);
  return browser.open(hub.origin, { path, ...options });
}

const rowsOf = async (page) => Object.fromEntries((await page.locator('.stats dl > div').allInnerTexts()).map((row) => row.split(/\n+/)));

describe('the statistics', { skip }, () => {
  it('open with I, say how it goes and what the hub says, and close again', async () => {
    const { page, says, state, plays, shot, accessible, done } = await open('/#/front-door');
    await state('live');
    await plays(0.5);
    await page.keyboard.press('i');
    await says('.stats .verdict', /^(Healthy|Behind|Losing pictures)/);
    await page.waitForFunction(() => document.querySelectorAll('.spark .l').length === 3);
    const rows = await rowsOf(page);
    assert.equal(rows.Watching, '2');
    assert.equal(rows['From the camera'], '1.94 Mbit/s');
    assert.equal(rows['Skipped for slow viewers'], '3 pieces');
    assert.equal(rows['Let go, took nothing'], '1 viewer');
    assert.equal(rows.Video, 'H.264, 640 × 360');
    assert.equal(rows.Sound, 'AAC, 44.1 kHz');
    assert.equal(rows['Delay, camera to screen'], 'unknown');
    assert.match(rows['Asking the camera'], /^\d+ ms$/);
    await says('.stats', /First picture in \d+ ms/);
    await shot('stats-light');
    await accessible();
    hub.change('front-door', { skipped_tags: 15 });
    await says('.verdict', 'The hub skipped 12 pieces in the last minute');
    await shot('stats-skipping');
    await page.keyboard.press('i');
    await page.locator('.stats').waitFor({ state: 'hidden' });
    await done();
  });

  it('copy a report, or show it where copying is not allowed', async () => {
    const { page, context, says, state, done } = await open('/?token=s3cret#/front-door');
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await state('live');
    await page.getByRole('button', { name: 'Statistics' }).click();
    await says('.stats .spark', 'Mbit/s');
    await page.getByRole('button', { name: 'Copy a report' }).click();
    await says('.told', 'Report copied.');
    const text = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(text, /^Camspan viewer, /);
    assert.match(text, /States of the last 5 minutes\n.* front-door connecting\n.* front-door live\n/);
    assert.doesNotMatch(text, /s3cret|http:/);
    await page.evaluate(() => { navigator.clipboard.writeText = () => Promise.reject(new Error('no')); });
    await page.getByLabel('With addresses').check();
    await page.getByRole('button', { name: 'Copy a report' }).click();
    await says('.told', 'Select the text and copy it.');
    assert.ok((await page.getByRole('textbox', { name: 'Copy a report' }).inputValue()).endsWith(`Page: ${hub.origin}`));
    await done();
  });

  it('say that there is no connection', async () => {
    const { page, says, state, shot, accessible, done } = await open('/#/barn', { colorScheme: 'dark' });
    await state('offline');
    await page.keyboard.press('i');
    await says('.verdict', /Not connected\s*See the reason on the picture\./);
    await shot('stats-offline-dark');
    await accessible();
    await done();
  });

  it('are a sheet on a phone, and lie over the page on a small window', async () => {
    const { page, state, shot, accessible, fits, done } = await open('/#/front-door', { ...phone, colorScheme: 'dark' });
    const { recording, times } = frontDoor();
    giveRecording(hub, 'front-door', recording);
    await state('live');
    await page.getByRole('button', { name: 'Statistics' }).tap();
    await page.waitForFunction(() => document.querySelectorAll('.spark .l').length === 3);
    await shot('phone-stats-dark');
    await accessible();
    await fits();
    await page.evaluate((hash) => { location.hash = hash; }, moment('front-door', times.full[1] + 600000).slice(1));
    await state('playback');
    await page.waitForFunction(() => document.querySelectorAll('.spark').length === 2);
    await page.setViewportSize({ width: 1000, height: 800 });
    await shot('stats-over');
    await fits();
    await done();
  });
});
