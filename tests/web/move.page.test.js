import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { hasChromium, launch, peersOnLoopback } from './browser.js';
import { startHub } from './fixtures.js';
import { clip } from './media.js';
import { startCamera } from './peer-camera.js';

const skip = hasChromium() ? false : 'Chromium is not installed';
const path = '/#/front-door';
const stop = 'action=user_define&channel=0&cmd=ptz_stop';
const step = (word) => `action=user_define&channel=0&cmd=ptz_${word}`;
// As a token of the hub: only its middle is read by the page.
const tokenFor = (...allow) => `e30.${Buffer.from(JSON.stringify({ allow })).toString('base64url')}.x`;

let browser;
let hub;
let camera;
before(async () => { if (!skip) browser = await launch(peersOnLoopback); });
after(() => browser?.close());
afterEach(async () => {
  await camera?.stop();
  camera = null;
  await hub?.stop();
});

async function setUp(ptz = true) {
  hub = await startHub('silent');
  camera = await startCamera(browser, hub, 'front-door', clip('silent'));
  hub.change('front-door', { ptz });
}

const asked = () => camera.page.evaluate(() => globalThis.camera.asked);
const heard = (count) => camera.page.waitForFunction((wanted) => globalThis.camera.asked.length >= wanted, count);
const stopped = () => camera.page.waitForFunction((last) => globalThis.camera.asked.at(-1) === last, stop);
const answers = (status) => camera.page.evaluate((now) => Object.assign(globalThis.camera, { status: now, asked: [] }), status);
const goes = (page, way) => page.waitForFunction((wanted) => document.documentElement.dataset.way === wanted, way);
const pad = (page) => page.locator('.ptz');
const button = (page) => page.locator('[data-of=move]');

describe('moving a camera', { skip }, () => {
  it('is done by holding an arrow of the pad, with a mouse', async () => {
    await setUp();
    const { page, shot, accessible, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    assert.equal(await pad(page).isVisible(), false);
    await button(page).click();
    await pad(page).waitFor();
    assert.equal(await button(page).getAttribute('aria-pressed'), 'true');
    await shot('move');
    await accessible();
    const left = page.getByRole('button', { name: 'Left', exact: true });
    await left.hover();
    await page.mouse.down();
    await heard(3);
    await page.mouse.up();
    await stopped();
    const steps = await asked();
    assert.deepEqual([...new Set(steps)], [step('left'), stop]);
    assert.equal(steps.indexOf(stop), steps.length - 1, 'nothing after the release');
    await answers(200);
    await left.hover();
    await page.mouse.down();
    await heard(1);
    await page.mouse.move(5, 5); // off the button
    await stopped();
    await page.mouse.up();
    await button(page).click();
    assert.equal(await pad(page).isVisible(), false);
    await done();
  });

  it('is done by keys: P, arrows, + and -, Esc', async () => {
    await setUp();
    const { page, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    await page.keyboard.press('p');
    await pad(page).waitFor();
    for (const [key, word] of [['ArrowUp', 'up'], ['ArrowRight', 'right'], ['+', 'zoom_in'], ['-', 'zoom_out']]) {
      await answers(200);
      await page.keyboard.down(key);
      await heard(2);
      await page.keyboard.up(key);
      await stopped();
      assert.equal((await asked())[0], step(word));
    }
    await answers(200);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter'); // on the first arrow: one step
    await stopped();
    assert.equal((await asked())[0], step('up'));
    await page.keyboard.press('Escape');
    assert.equal(await pad(page).isVisible(), false);
    await done();
  });

  it('says why the camera does not move', async () => {
    await setUp();
    const { page, says, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    await page.keyboard.press('p');
    for (const [status, text] of [[409, 'It cannot move further.'], [404, 'This camera cannot do that.'],
      [0, 'The camera did not answer. Try again.']]) {
      await answers(status);
      await page.keyboard.down('ArrowLeft');
      await says('.toast', text);
      await page.keyboard.up('ArrowLeft');
      assert.deepEqual(await asked(), [step('left'), stop], 'once, and stopped');
    }
    await done();
  });

  it('is not offered by a camera without motors, nor to a link without the right', async () => {
    await setUp(false);
    let { page, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    assert.equal(await button(page).isVisible(), false);
    await page.keyboard.press('p');
    assert.equal(await pad(page).isVisible(), false);
    await done();
    hub.change('front-door', { ptz: true });
    ({ page, done } = await browser.open(hub.origin, { path: `/?token=${tokenFor('live')}${path.slice(1)}` }));
    await goes(page, 'direct');
    assert.equal(await button(page).isVisible(), false);
    await done();
    ({ page, done } = await browser.open(hub.origin, { path: `/?token=${tokenFor('live', 'command')}${path.slice(1)}` }));
    await goes(page, 'direct');
    await button(page).waitFor();
    await done();
  });

  it('needs a way to the camera, and ends with it', async () => {
    await setUp();
    const { page, says, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    await page.keyboard.press('p');
    await page.keyboard.down('ArrowLeft');
    await heard(1);
    await camera.stop();
    camera = null;
    await goes(page, 'hub');
    await pad(page).waitFor({ state: 'hidden' });
    await page.keyboard.up('ArrowLeft');
    await button(page).click();
    await says('.toast', 'Moving needs a direct or relayed connection. Try another network.');
    assert.equal(await pad(page).isVisible(), false);
    await done();
  });

  it('fits a phone', async () => {
    await setUp();
    const { page, shot, accessible, done } = await browser.open(hub.origin, { path, size: [390, 844], hasTouch: true, isMobile: true });
    await goes(page, 'direct');
    await button(page).tap();
    await pad(page).waitFor();
    const { width, height } = await page.getByRole('button', { name: 'Down', exact: true }).boundingBox();
    assert.ok(width >= 44 && height >= 44);
    await shot('move-phone');
    await accessible();
    await done();
  });
});
