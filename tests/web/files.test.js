import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';

const web = new URL('../../bridge/hub/web/', import.meta.url).pathname;
const names = [...readdirSync(web), ...readdirSync(`${web}views`).map((name) => `views/${name}`)]
  .filter((name) => /\.(html|css|js)$/.test(name));
const read = (name) => readFileSync(web + name, 'utf8');
const html = read('index.html');

const layers = [
  ['store', 'dom', 'time', 'icons', 'clock', 'prefs'],
  ['api', 'events', 'token'],
  ['player', 'flv', 'flv-socket', 'g711', 'g711-sound', 'edge', 'mpegts-player'],
  ['session', 'directory'],
  ['texts'],
  ['views/'],
  ['main'],
];
const layerOf = (name) => layers.findIndex((layer) => layer.includes(name.startsWith('views/') ? 'views/' : name.replace('.js', '')));

describe('the files of the page', () => {
  it('stay within 60 KB when each is compressed', () => {
    const bytes = names.reduce((sum, name) => sum + gzipSync(readFileSync(web + name), { level: 9 }).length, 0);
    assert.ok(bytes <= 60 * 1024, `${bytes} bytes`);
  });

  it('are all preloaded as one set', () => {
    const preloaded = [...html.matchAll(/modulepreload" href="\/([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(preloaded.sort(), names.filter((name) => name.endsWith('.js') && name !== 'main.js').sort());
  });

  it('have no inline script or style, and name no other origin', () => {
    assert.doesNotMatch(html, /<style|<script(?![^>]*src=)|\sstyle=|\son\w+=/);
    for (const name of names) {
      const others = (read(name).match(/https?:\/\/[^\s'"`]+/g) ?? []).filter((url) => url !== 'http://www.w3.org/2000/svg');
      assert.deepEqual(others, [], name);
    }
  });

  it('import only downwards', () => {
    for (const name of names.filter((file) => file.endsWith('.js'))) {
      const folder = new URL(name, 'http://page/');
      for (const [, target] of read(name).matchAll(/from '([^']+)'/g)) {
        const imported = new URL(target, folder).pathname.slice(1);
        assert.ok(layerOf(imported) >= 0 && layerOf(imported) <= layerOf(name), `${name} imports ${imported}`);
      }
    }
  });

  it('stay readable: no file over 300 lines', () => {
    for (const name of names.filter((file) => file.endsWith('.js'))) assert.ok(read(name).split('\n').length <= 300, name);
  });
});
