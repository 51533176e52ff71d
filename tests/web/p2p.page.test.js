import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { hasChromium, launch } from './browser.js';
import { startHub } from './fixtures.js';
import { clip } from './media.js';
import { startCamera } from './peer-camera.js';

const skip = hasChromium() ? false : 'Chromium is not installed';

let browser;
let hub;
let camera;
before(async () => { if (!skip) browser = await launch(); });
after(() => browser?.close());
afterEach(async () => {
  await camera?.stop();
  camera = null;
  await hub?.stop();
});

// `front-door` has P2P; whether the hub has its stream as well is up to the test.
async function setUp(kind = 'aac') {
  hub = await startHub(kind);
  camera = await startCamera(browser, hub, 'front-door', clip(kind));
}

describe('live, direct', { skip }, () => {
  it('comes straight from the camera, without the hub path', async () => {
    await setUp();
    const { page, says, state, plays, shot, accessible, done } = await browser.open(hub.origin, { path: '/?token=s3cret#/front-door' });
    await state('live');
    await says('.pill', /^Live\s*Direct$/);
    await plays(3);
    await shot('direct-light');
    await accessible();
    assert.equal(hub.viewerCount, 1, 'the camera reads its feed, and nobody the hub path');
    assert.deepEqual(await camera.page.evaluate(() => globalThis.camera.channels.map(({ session, ...rest }) => rest).filter(({ label }) => label !== 'command')),
      [{ label: 'action=live&channel=0', protocol: 'camspan-flv', ordered: true }]);
    const [post] = hub.whep;
    assert.match(post, /^POST \/whep\/front-door\?action=live&channel=0&_trickle=1\nv=0/);
    assert.ok(hub.tokens.some(([how, token]) => how === 'header' && token === 'Bearer s3cret'));
    await page.goto('about:blank');
    await camera.page.waitForFunction(() => globalThis.camera.peers.size === 0);
    await done();
  });
});
