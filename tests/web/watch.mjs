// Opens the viewer page of a real hub and says what a person would see:
//   node watch.mjs URL PICTURE.png [--clock]
// Prints one JSON object: firstPictureMs (navigation to first picture), times (video.currentTime a second apart), moved
// (two screenshots a second apart differ), delaysMs (by the clock burned into the picture, with --clock), state, title.
import { launch } from './browser.js';
import { apart, readClock } from './clock.js';

const [url, picture, clock] = process.argv.slice(2);
const browser = await launch();
try {
  const { origin } = new URL(url);
  const { page, faults } = await browser.open(origin, { path: url.slice(origin.length), ignoreHTTPSErrors: true });
  await page.waitForFunction(() => document.documentElement.dataset.firstPictureMs, null, { timeout: 30000 });
  const firstPictureMs = Number(await page.evaluate(() => document.documentElement.dataset.firstPictureMs));
  const video = page.locator('video').first();
  const look = async () => ({ time: await video.evaluate((v) => v.currentTime), shot: await video.screenshot() });
  const delay = async () => apart(Date.now() % 0x1000000, await video.evaluate(readClock));
  const first = await look();
  const delaysMs = [];
  for (let i = 0; i < 5; ++i) {
    await page.waitForTimeout(1000);
    if (clock) delaysMs.push(await delay());
  }
  const second = await look();
  await page.screenshot({ path: picture });
  console.log(JSON.stringify({
    firstPictureMs: Math.round(firstPictureMs),
    times: [first.time, second.time],
    moved: !first.shot.equals(second.shot),
    delaysMs: delaysMs.map(Math.round),
    state: await page.evaluate(() => document.documentElement.dataset.state),
    title: await page.title(),
    problems: faults,
  }));
} finally {
  await browser.close();
}
