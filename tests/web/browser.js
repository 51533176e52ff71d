/** The browser side of the page tests: Chromium, pages that record their faults, and waiting with a deadline. */

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

/** Where Debian puts Chromium; `CHROMIUM` names another one. */
export const chromiumPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** @returns {boolean} */
export const hasChromium = () => existsSync(chromiumPath);

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

/** For `launch`: what direct connections need on a host with nothing but loopback, or between two browsers. */
export const peersOnLoopback = ['--allow-loopback-in-peer-connection', '--disable-features=WebRtcHideLocalIpsWithMdns'];

const shots = new URL('out/', import.meta.url).pathname;

/** Longest wait for anything the page should do, ms; generous, because the machine may be busy. */
export const deadline = 20000;

// Runs in the page. Whatever Playwright evaluates or exposes there counts as a touch by a person, and lifts what a browser
// holds back until then: so the page tells its state by itself, on the console.
function tellStates() {
  let told;
  const tell = () => {
    const { state } = document.documentElement?.dataset ?? {};
    if (state && state !== told) console.debug(`state ${state}`);
    told = state;
  };
  new MutationObserver(tell).observe(document, { subtree: true, attributeFilter: ['data-state'] });
}

// A zone in which it is afternoon: the track shows one local day, and what the tests have recorded is hours long.
function afternoonZone() {
  const ahead = Math.min(14, 16 - new Date().getUTCHours()); // hours; the zones of the tz database end there
  return `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`; // its signs are those of POSIX
}

/**
 * @param {string[]} [more]  switches for Chromium
 * @returns {Promise<{open: Function, close: Function}>}  `open(origin, {path, size, ...})` opens a page with a fresh
 *   profile; the other options are Playwright's for a context
 */
export async function launch(more = []) {
  const folder = mkdtempSync(join(tmpdir(), 'camspan-web-'));
  const profiles = [];
  return {
    async open(origin, { path = '/', size = [1440, 900], init, ...options } = {}) {
      const profile = mkdtempSync(join(folder, 'profile-'));
      const context = await chromium.launchPersistentContext(profile, {
        executablePath: chromiumPath, headless: true, args: [...args, ...more], acceptDownloads: true, locale: 'en-GB', timezoneId: afternoonZone(),
        viewport: { width: size[0], height: size[1] }, ...options,
      });
      profiles.push(context);
      const page = context.pages()[0] ?? await context.newPage();
      page.setDefaultTimeout(deadline);
      const faults = [];
      // A refused stream or route is what these tests are about; the browser reports it in the console all the same.
      const expected = /Failed to load resource|WebSocket connection to|net::ERR_/;
      page.on('console', (message) => message.type() === 'error' && !expected.test(message.text()) && faults.push(message.text()));
      page.on('pageerror', (error) => faults.push(String(error)));
      page.on('request', (request) => /^(data|blob):/.test(request.url()) || request.url().startsWith(origin) || faults.push(request.url()));
      const states = new EventEmitter();
      page.on('console', (message) => {
        if (message.type() !== 'debug' || !message.text().startsWith('state ')) return;
        states.now = message.text().slice('state '.length);
        states.emit('change');
      });
      await page.addInitScript(tellStates);
      if (init) await page.addInitScript(init);
      await page.goto(origin + path);
      return { page, context, faults, ...helpers(page, faults, context, states) };
    },
    async close() {
      await Promise.all(profiles.map((context) => context.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function helpers(page, faults, context, states) {
  const text = (selector) => page.locator(selector).innerText();
  return {
    text,
    /** Waits for a session state. */
    state: async (name) => {
      const signal = AbortSignal.timeout(deadline);
      while (states.now !== name) {
        await once(states, 'change', { signal }).catch(() => assert.fail(`waited for the state ${name}; it is ${states.now}`));
      }
    },
    /** Waits for a text, which may be a pattern, in a part of the page. */
    says: (selector, wanted) => page.locator(selector).filter({ hasText: wanted }).first().waitFor(),
    /** Waits until the picture has moved on by some seconds. */
    plays: async (seconds) => {
      const from = await page.evaluate(() => document.querySelector('video').currentTime);
      await page.waitForFunction((to) => document.querySelector('video').currentTime > to, from + seconds);
    },
    /** Looks for faults against WCAG 2.2 AA. */
    async accessible() {
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'],
      }));
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
    },
    /** Nothing scrolls sideways. */
    async fits() {
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${over} px too wide`);
      const cut = await page.evaluate(() => [...document.querySelectorAll('.act')].filter((button) => button.offsetParent)
        .filter((button) => button.lastChild.offsetWidth > button.offsetWidth + 2 || button.getBoundingClientRect().right > innerWidth)
        .map((button) => button.innerText));
      assert.deepEqual(cut, [], 'labels wider than their buttons');
    },
    /** Keeps a picture of the page in `out/`, for people. */
    async shot(name) {
      mkdirSync(shots, { recursive: true });
      await page.screenshot({ path: `${shots}${name}.png` });
    },
    /** Ends the page; fails for script errors, policy violations and requests to another origin. */
    async done() {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}
