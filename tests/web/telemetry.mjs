// Opens the page of examples/ws-telemetry and says what is on it:
//   node telemetry.mjs URL PICTURE.png
import { launch } from './browser.js';

const [url, picture] = process.argv.slice(2);
const browser = await launch();
try {
  const { origin } = new URL(url);
  const { page, faults, state, text } = await browser.open(origin, { path: url.slice(origin.length) });
  await state('live');
  await page.waitForFunction(() => Number(document.getElementById('units').textContent) > 60);
  await page.screenshot({ path: picture });
  console.log(JSON.stringify({ caps: await text('#caps'), missed: await text('#missed'), time: await text('#time'), problems: faults }));
} finally {
  await browser.close();
}
