// Opens the viewer page of a real hub or camera and answers what is asked on standard input, a line each, by one JSON
// object on standard output:
//   node drive.mjs URL [--loopback]
// `look` = {state, way, pill, card, toast, bar (the hub is lost), time (of the video), firstPictureMs, statistics (their rows),
// problems}; `statistics` opens or closes them; `shot FILE` saves a picture of the page, {moved: the video is another one than
// in the last}; `press KEY`, `down KEY`, `up KEY`; `quit`.
import { createInterface } from 'node:readline';
import { launch, peersOnLoopback } from './browser.js';

const [url, loopback] = process.argv.slice(2);
const browser = await launch(loopback ? peersOnLoopback : []);

function commandsOf(page, faults) {
  let last = null;
  return {
    look: async () => ({ ...await page.evaluate(() => {
      const text = (selector) => document.querySelector(selector)?.innerText ?? '';
      const { state, way, firstPictureMs } = document.documentElement.dataset;
      const bar = document.querySelector('.hub-lost');
      return {
        state, way, firstPictureMs: Number(firstPictureMs ?? 0), pill: text('.pill'), card: text('.card h2'), toast: text('.toast'),
        bar: bar.hidden ? '' : bar.innerText, time: document.querySelector('video').currentTime,
        statistics: Object.fromEntries([...document.querySelectorAll('.stats dl > div')].map((row) => row.innerText.split(/\n+/))),
      };
    }), problems: faults }),
    async statistics() {
      await page.keyboard.press('i');
      return {};
    },
    press: (key) => page.keyboard.press(key).then(() => ({})),
    down: (key) => page.keyboard.down(key).then(() => ({})),
    up: (key) => page.keyboard.up(key).then(() => ({})),
    async shot(file) {
      const shot = await page.locator('video').screenshot();
      const moved = last !== null && !shot.equals(last);
      last = shot;
      await page.screenshot({ path: file });
      return { moved };
    },
  };
}

try {
  const { origin } = new URL(url);
  const { page, faults } = await browser.open(origin, { path: url.slice(origin.length), ignoreHTTPSErrors: true });
  const commands = commandsOf(page, faults);
  console.log(JSON.stringify({ open: true }));
  for await (const line of createInterface({ input: process.stdin })) {
    const [what, ...words] = line.split(' ');
    if (what === 'quit') break;
    console.log(JSON.stringify(await commands[what](...words)));
  }
} finally {
  await browser.close();
}
