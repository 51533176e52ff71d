// Opens the page of wsstreamsink serve-player and says what a person would see:
//   node play.mjs URL PICTURE.png
// Prints one JSON object: times (video.currentTime at both looks), moved (two screenshots differ), state, problems.
import { launch } from './browser.js';

const [url, picture] = process.argv.slice(2);
const browser = await launch();
try {
  const { origin } = new URL(url);
  const { page, faults, state, plays } = await browser.open(origin, { path: url.slice(origin.length) });
  await state('live');
  const video = page.locator('video');
  const look = async () => ({ time: await video.evaluate((v) => v.currentTime), shot: await video.screenshot() });
  const first = await look();
  await plays(1);
  const second = await look();
  await page.screenshot({ path: picture });
  console.log(JSON.stringify({
    times: [first.time, second.time],
    moved: !first.shot.equals(second.shot),
    state: await page.evaluate(() => document.documentElement.dataset.state),
    problems: faults,
  }));
} finally {
  await browser.close();
}
