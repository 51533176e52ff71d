// Plays a recording of a real hub from the timeline and says what a person would see:
//   node replay.mjs URL ASKED_MS GAP_MS PICTURE-PREFIX
// URL is the camera's live page. Prints one JSON object: begun (the time of the address after the click), told (by the
// page, while the picture is held), offMs and fromAskedMs (the clock burned into the picture against these two), gap (title
// and text of the card), statistics (the rows of the panel), verdict, and device (the hub's answer at that time).
import { setTimeout } from 'node:timers/promises';
import { launch } from './browser.js';
import { apart, readClock } from './clock.js';

const [url, asked, gap, prefix] = process.argv.slice(2);
const browser = await launch();

const stampOf = (time) => `${new Date(Number(time)).toISOString().slice(0, 19)}Z`;

async function statisticsOf(page, hub, token) {
  await page.keyboard.press('i');
  await page.locator('.stats dl').first().waitFor();
  // Two figures taken at one time: asked until the panel has what the hub says.
  const end = Date.now() + 20000;
  for (;;) {
    const rows = await page.locator('.stats dl > div').allInnerTexts();
    const answer = await fetch(`${hub}/api/devices/cam1`, { headers: { authorization: `Bearer ${token}` } });
    const statistics = Object.fromEntries(rows.map((row) => row.split('\n')));
    const device = await answer.json();
    const same = statistics['From the camera'] === `${(device.bitrate / 1e6).toFixed(2)} Mbit/s` && statistics.Watching === String(device.viewers);
    if (same || Date.now() > end) return { statistics, device, verdict: await page.locator('.verdict').innerText() };
    await setTimeout(200);
  }
}

// The page looks at the picture four times a second: a figure that two readings agree on is that of the held picture.
async function settled(read) {
  for (let before = await read(); ; ) {
    await setTimeout(400);
    const now = await read();
    if (now === before) return now;
    before = now;
  }
}

async function clickAt(page, time) {
  await page.getByRole('radio', { name: '10 min' }).click();
  const track = page.locator('.track');
  await page.waitForFunction((wanted) => {
    const value = (name) => Number(document.querySelector('.track').getAttribute(`aria-value${name}`)) * 1000;
    return value('min') < wanted && value('max') > wanted && document.querySelector('.track .base').getAttribute('d');
  }, time);
  const { x, y, width, height } = await track.boundingBox();
  const [from, to] = await track.evaluate((node) => ['min', 'max'].map((name) => Number(node.getAttribute(`aria-value${name}`)) * 1000));
  const px = Math.round((time - from) / (to - from) * width);
  await page.mouse.move(x + px, y + height / 2);
  await page.locator('.preview canvas').waitFor();
  await page.screenshot({ path: `${prefix}-hover.png` });
  await page.mouse.click(x + px, y + height / 2);
  await page.waitForFunction(() => document.documentElement.dataset.state === 'playback');
  const [, , stamp] = await page.evaluate(() => location.hash.split('/'));
  return Date.parse(stamp);
}

try {
  const { origin, searchParams } = new URL(url);
  const { page, faults } = await browser.open(origin, { path: url.slice(origin.length), ignoreHTTPSErrors: true });
  await page.waitForFunction(() => document.documentElement.dataset.state === 'live');
  const figures = await statisticsOf(page, origin, searchParams.get('token'));
  await page.screenshot({ path: `${prefix}-statistics.png` });
  await page.keyboard.press('i');
  const begun = await clickAt(page, Number(asked));
  await page.keyboard.press('Space');
  await page.waitForFunction(() => document.querySelector('video').paused && document.querySelector('video').readyState >= 2);
  const told = await settled(() => page.locator('.track').getAttribute('aria-valuenow').then((text) => Number(text) * 1000));
  await page.waitForFunction(() => !document.querySelector('video').seeking);
  const shown = await page.locator('video').evaluate(readClock);
  await page.screenshot({ path: `${prefix}-playback.png` });
  await page.evaluate((hash) => { location.hash = hash; }, `#/cam1/${stampOf(gap)}`);
  await page.waitForFunction(() => document.documentElement.dataset.state === 'gap');
  await page.screenshot({ path: `${prefix}-gap.png` });
  console.log(JSON.stringify({
    begun, told, offMs: apart(shown, told % 0x1000000), fromAskedMs: apart(shown, begun % 0x1000000),
    gap: await page.locator('.card .head').innerText(), ...figures, problems: faults,
  }));
} finally {
  await browser.close();
}
