import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { hasChromium, launch, deadline } from './browser.js';

const build = process.env.CAMSPAN_BUILD ?? new URL('../../build/dev', import.meta.url).pathname;
const program = `${build}/examples/gos-camera`;
const folder = (path) => new URL(`../../${path}`, import.meta.url).pathname;
const skip = !hasChromium() ? 'Chromium is not installed' : !existsSync(program) ? `${program} is not built` : false;

/** The example, fed by ffmpeg; `lines` is what it has said. */
async function startCamera() {
  const pictures = spawn('ffmpeg', ['-v', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc=size=640x360:rate=10', '-f', 'mjpeg', '-'],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const camera = spawn(program, [], { stdio: [pictures.stdout, 'pipe', 'pipe'],
    env: { ...process.env, CAMSPAN_GOS_LISTEN: '127.0.0.1:0', CAMSPAN_GOS_PAGES: `${folder('examples/gos-camera/page')}:${folder('js')}` } });
  const told = { text: '', waiting: [] };
  for (const output of [camera.stdout, camera.stderr])
    output.on('data', (data) => {
      told.text += data;
      told.waiting = told.waiting.filter((look) => !look());
    });
  const says = (pattern) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the program said ${told.text}`)), deadline);
    const look = () => {
      const found = pattern.exec(told.text);
      if (found) { clearTimeout(timer); resolve(found); }
      return found;
    };
    if (!look()) told.waiting.push(look);
  });
  const [, origin] = await says(/streams are at (http:\S+)\/appdata/);
  return { origin, says, stop: () => { camera.kill(); pictures.kill(); } };
}

describe('the page of gos-camera', { skip }, () => {
  let browser;
  let camera;
  before(async () => { browser = await launch(); });
  after(() => browser?.close());
  beforeEach(async () => { camera = await startCamera(); });
  afterEach(() => camera.stop());

  it('shows the pictures, and its write arrives in the C handler', async () => {
    const { page, says, shot, accessible, done } = await browser.open(camera.origin);
    await says('#state', 'Connected');
    await page.waitForFunction(() => Number(document.getElementById('count').textContent) >= 5);
    await page.waitForFunction(() => document.getElementById('picture').naturalWidth === 640);
    await page.getByLabel('Name').fill('Front door');
    await page.getByRole('button', { name: 'Save' }).click();
    await camera.says(/settings: name=Front door paused=0/);
    await says('h1', 'Front door');
    await accessible();
    await shot('gos-camera');
    await done();
  });

  it('lets five pages in and refuses the sixth', async () => {
    const { page, says, done } = await browser.open(camera.origin);
    await says('#state', 'Connected');
    const opened = await page.evaluate(async () => {
      const open = () => new Promise((resolve) => {
        const socket = new WebSocket(`ws://${location.host}/appdata`);
        socket.onopen = () => resolve(socket);
        socket.onerror = () => resolve(null);
      });
      const sockets = [];
      for (let i = 0; i < 6; ++i) sockets.push(await open());
      return sockets.filter(Boolean).length;
    });
    assert.equal(opened, 4);
    await camera.says(/clients: 5/);
    await done();
  });
});
