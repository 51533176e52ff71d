import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { hasChromium, launch, peersOnLoopback } from './browser.js';
import { startHub } from './fixtures.js';
import { clip } from './media.js';
import { startCamera } from './peer-camera.js';

const skip = hasChromium() ? false : 'Chromium is not installed';
const turnserver = '/usr/bin/turnserver';
const noVideo = { status: 503, problem: 'no-video', retryAfter: 5 };
const path = '/#/front-door';

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

// `front-door` has P2P; whether the hub has its stream as well is up to the test.
async function setUp(kind = 'aac') {
  hub = await startHub(kind);
  camera = await startCamera(browser, hub, 'front-door', clip(kind));
}

const posts = () => hub.whep.filter((asked) => asked.startsWith('POST')).length;
const channels = () => camera.page.evaluate(() => globalThis.camera.channels);
const nobodyLeft = () => camera.page.waitForFunction(() => globalThis.camera.peers.size === 0);
// A picture is on the screen, and has come this way.
const goes = (page, way) => page.waitForFunction((wanted) => document.documentElement.dataset.way === wanted, way);

describe('live, direct', { skip }, () => {
  it('comes straight from the camera, without the hub path, and leaves in good order', async () => {
    await setUp();
    const { page, says, state, plays, shot, accessible, done } = await browser.open(hub.origin, { path: `/?token=s3cret#/front-door` });
    await state('live');
    await says('.pill', /^Live\s*Direct$/);
    await plays(3);
    await shot('direct-light');
    await accessible();
    assert.equal(hub.viewerCount, 0);
    const [{ session, ...channel }] = await channels();
    assert.deepEqual(channel, { label: 'action=live&channel=0', protocol: 'camspan-flv', ordered: true });
    assert.match(hub.whep[0], /^POST \/whep\/front-door\?action=live&channel=0&_trickle=1\nv=0/);
    assert.ok(hub.tokens.some(([how, token]) => how === 'header' && token === 'Bearer s3cret'));
    assert.ok(hub.tokens.every(([how, , asked]) => how === 'header' || !asked.startsWith('/whep')), 'no token in an address of WHEP');
    await page.goto('about:blank');
    await nobodyLeft();
    assert.ok(hub.whep.at(-1).startsWith(`DELETE /whep/front-door/${session}`));
    await done();
  });

  it('stays close to the live edge', async () => {
    await setUp();
    const { page, state, plays, done } = await browser.open(hub.origin, { path });
    await state('live');
    await plays(2);
    await page.waitForFunction(() => {
      const video = document.querySelector('video');
      return video.buffered.length > 0 && video.buffered.end(video.buffered.length - 1) - video.currentTime < 0.6;
    });
    await done();
  });

  it('tells in the statistics how the picture comes, and what the camera says', async () => {
    await setUp();
    await camera.page.evaluate(() => { globalThis.camera.stats = { loss: 0.004, 'frames-dropped-late': 3 }; });
    const { page, says, state, shot, accessible, done } = await browser.open(hub.origin, { path });
    await state('live');
    await page.keyboard.press('i');
    await says('.stats', /How\s*Direct, UDP/);
    await says('.stats', /Round trip\s*\d+ ms/);
    await says('.stats', /Lost\s*0\.4 %/);
    await says('.stats', /Too late\s*3 pictures/);
    await says('.verdict', 'Direct path, nothing lost in the last minute.');
    for (const step of ['Asking the camera', 'Finding a path', 'Securing', 'Opening the stream', 'Waiting for a picture']) {
      await says('.stats', new RegExp(`${step}\\s*\\d+ ms`));
    }
    assert.deepEqual((await channels()).map(({ label, protocol }) => [label, protocol]),
      [['action=live&channel=0', 'camspan-flv'], ['command', 'camspan-command']]);
    await shot('stats-direct');
    await accessible();
    await done();
  });

  it('says that the network is slow while the picture arrives late, and no longer', async () => {
    await setUp('silent');
    hub.live['front-door'] = noVideo;
    const { page, says, plays, text, shot, accessible, done } = await browser.open(hub.origin, { path });
    await says('.pill', /^Live\s*Direct$/);
    await plays(1);
    await camera.page.evaluate(() => { globalThis.camera.delayMs = 1700; });
    await says('.pill', /^Live\s*Slow network$/);
    await says('.toast', 'The network is too slow for this picture.');
    await shot('slow-network');
    await accessible();
    await camera.page.evaluate(() => { globalThis.camera.delayMs = 0; });
    await says('.pill', /^Live\s*Direct$/);
    assert.equal(await text('.toast'), '');
    await plays(1);
    assert.equal(posts(), 1);
    await done();
  });

  it('gives its place back when another camera is opened', async () => {
    await setUp();
    const { page, state, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    await page.keyboard.press('2');
    await nobodyLeft();
    await state('live');
    await goes(page, 'hub');
    await done();
  });
});

describe('live, direct and the hub', { skip }, () => {
  it('shows the hub path first when the camera takes its time, and goes direct at a key frame', async () => {
    await setUp();
    let release;
    const late = new Promise((done) => { release = done; });
    const { answer } = camera.peer;
    camera.peer.answer = async (...offer) => {
      await late;
      return answer(...offer);
    };
    const { page, says, state, plays, done } = await browser.open(hub.origin, { path });
    await state('live');
    await says('.pill', /Through the hub, \d s late/);
    release();
    await goes(page, 'direct');
    await says('.pill', /^Live\s*Direct$/);
    await plays(1);
    assert.equal(hub.viewerCount, 0);
    await done();
  });

  it('stays with the hub where no path is found, and says why once', async () => {
    await setUp('silent');
    camera.peer.blocked = true;
    const { says, state, plays, text, shot, accessible, done } = await browser.open(hub.origin, { path, colorScheme: 'dark' });
    await state('live');
    await says('.pill', /Through the hub, \d s late/);
    await says('.toast', 'This network blocks camera connections. The picture comes through the hub.');
    await shot('fallback-dark');
    await accessible();
    await plays(7);
    assert.equal(await text('.toast'), '');
    await nobodyLeft();
    assert.equal(posts(), 1);
    await done();
  });

  it('shows the five steps of a slow connection, and uses the hub when told to', async () => {
    await setUp();
    camera.peer.blocked = true;
    hub.live['front-door'] = { hang: true };
    const { page, says, state, done } = await browser.open(hub.origin, { path });
    await says('.steps', 'Step 2 of 5 · usually under a second');
    await says('.steps', 'This takes longer than usual');
    hub.live['front-door'] = hub.live.driveway;
    await page.getByRole('button', { name: 'Use the hub instead' }).click();
    await nobodyLeft();
    await state('live');
    await done();
  });

  it('says what was tried when nothing gets through', async () => {
    await setUp();
    camera.peer.blocked = true;
    hub.live['front-door'] = noVideo;
    const { says, state, text, shot, accessible, done } = await browser.open(hub.origin, { path });
    await says('.steps', 'Finding a path to the camera…');
    await shot('connecting-direct');
    await accessible();
    await state('unreachable');
    assert.equal(await text('.card h2'), 'No way through to the camera');
    await says('.tries', /Direct\s*no answer \(UDP blocked\)/);
    await says('.tries', /Relay\s*none is set up/);
    await shot('unreachable');
    await accessible();
    await done();
  });
});

describe('live, direct alone', { skip }, () => {
  it('needs no upload to the hub, and says what a stall is waiting for', async () => {
    await setUp();
    hub.live['front-door'] = noVideo;
    const { page, says, state, plays, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    await plays(1);
    camera.source.frozen = true;
    await state('stalled');
    await says('.steps', 'The picture has stopped. Reconnecting…');
    camera.source.frozen = false;
    await state('live');
    await plays(1);
    await done();
  });

  it('comes back within 5 s when the camera is stopped and started again, and says so meanwhile', async () => {
    await setUp();
    hub.live['front-door'] = noVideo;
    const { page, says, state, plays, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    await plays(1);
    await camera.stop();
    hub.change('front-door', { online: false, live: false });
    await state('offline');
    await says('.card h2', /^Offline since/);
    await says('.card', 'This is the last picture it sent.');
    camera = await startCamera(browser, hub, 'front-door', clip('aac'));
    const from = Date.now();
    hub.change('front-door', { online: true, live: true });
    await state('live');
    const back = Date.now() - from;
    await plays(1);
    assert.ok(back < 5000, `${back} ms`);
    await done();
  });

  it('outlives the hub', async () => {
    await setUp();
    const { page, says, state, plays, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    await hub.stop();
    await says('.hub-lost', /No connection to the hub\. Trying again in \d s\./);
    await plays(3);
    await says('.pill', /^Live\s*Direct$/);
    await hub.start();
    await page.locator('.hub-lost').waitFor({ state: 'hidden' });
    await plays(1);
    await state('live');
    assert.equal(posts(), 1, 'the same session all the while');
    await done();
  });

  it('keeps the connection when the picture stands still while the hub is gone', async () => {
    await setUp();
    const { page, state, plays, done } = await browser.open(hub.origin, { path });
    await goes(page, 'direct');
    await hub.stop();
    camera.source.frozen = true;
    await state('stalled');
    await page.waitForEvent('requestfailed', (asked) => asked.method() === 'HEAD' && asked.url().endsWith('/live/front-door.flv'));
    camera.source.frozen = false;
    await state('live');
    await plays(1);
    assert.equal(await camera.page.evaluate(() => globalThis.camera.peers.size), 1);
    await hub.start();
    await page.locator('.hub-lost').waitFor({ state: 'hidden' });
    await plays(1);
    assert.equal(posts(), 1, 'the same session all the while');
    await done();
  });
});

describe('refused by the camera', { skip }, () => {
  const cases = [
    [503, 'max-viewers', 'full', 'The camera is at its limit'],
    [401, 'expired-token', 'signed-out', 'This link has expired'],
    [403, 'not-allowed', 'refused', 'This link does not allow live viewing'],
    [404, 'unknown-device', 'missing', 'There is no camera called front-door here'],
  ];
  for (const [status, problem, name, title] of cases) {
    it(`shows ${name} for ${problem}`, async () => {
      hub = await startHub();
      hub.live['front-door'] = noVideo;
      hub.peers['front-door'] = { status, problem, retryAfter: 1 };
      hub.change('front-door', { viewers: 4 });
      const { page, state, text, done } = await browser.open(hub.origin, { path });
      await state(name);
      assert.equal(await text('.card h2'), title);
      if (name === 'full') {
        camera = await startCamera(browser, hub, 'front-door', clip('aac'));
        await page.getByRole('button', { name: 'Try again' }).click();
        await goes(page, 'direct');
      }
      await done();
    });
  }
});

describe('a page of a camera alone', { skip }, () => {
  it('shows the camera that serves it, without a list or recordings', async () => {
    await setUp();
    hub.local = 'front-door';
    const { page, says, state, plays, shot, accessible, fits, done } = await browser.open(hub.origin);
    await page.waitForURL(`${hub.origin}/#/front-door`);
    await goes(page, 'direct');
    await plays(1);
    assert.deepEqual(await page.locator('.cams, .tl, .back').evaluateAll((nodes) => nodes.filter((node) => node.offsetParent).length), 0);
    await shot('local');
    await accessible();
    await fits();
    await hub.stop();
    await says('.hub-lost', /No connection to the camera\. Trying again in \d s\./);
    await hub.start();
    await page.locator('.hub-lost').waitFor({ state: 'hidden' });
    await state('live');
    await done();
  });
});

// A TURN server on loopback: answers on `port`, relays from there up.
async function startTurn() {
  const port = await new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => done(free));
    });
  });
  const folder = mkdtempSync(join(tmpdir(), 'camspan-turn-'));
  const program = spawn(turnserver, ['-n', '--listening-ip=127.0.0.1', '--relay-ip=127.0.0.1', `--listening-port=${port}`,
    '--no-tls', '--no-dtls', '--no-cli', '--allow-loopback-peers', '--lt-cred-mech', '--user=viewer:secret', '--realm=camspan',
    '--log-file=stdout', '--simple-log', '--pidfile=', `--userdb=${join(folder, 'users')}`], { stdio: 'ignore', cwd: folder });
  const ended = new Promise((done) => program.on('exit', done));
  const stop = async () => {
    program.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true });
  };
  return { port, stop };
}

describe('live, relayed', { skip: skip || (existsSync(turnserver) ? false : 'coturn is not installed') }, () => {
  it('takes the servers of the answer, and says that a relay carries the picture', async () => {
    await setUp('silent');
    const turn = await startTurn();
    try {
      const urls = `turn:127.0.0.1:${turn.port}?transport=udp`;
      hub.links = [`<${urls}>; rel="ice-server"; username="viewer"; credential="secret"; credential-type="password"`];
      Object.assign(camera.peer, { servers: [{ urls, username: 'viewer', credential: 'secret' }], relayOnly: true });
      const { page, says, plays, shot, accessible, done } = await browser.open(hub.origin, { path });
      await goes(page, 'relay');
      await says('.pill', /^Live\s*Relayed$/);
      await says('.toast', 'A firewall blocks the direct path, so a relay carries the picture.');
      await shot('relay');
      await accessible();
      await plays(1);
      const gathered = () => hub.whep.some((asked) => asked.startsWith('PATCH') && asked.includes(' typ relay'));
      const end = Date.now() + 20000; // a busy relay takes its time, while the camera's candidate works already
      while (!gathered() && Date.now() < end) await page.waitForTimeout(50);
      assert.ok(gathered(), 'the viewer asked the relay, too');
      await done();
    } finally {
      await turn.stop();
    }
  });
});
