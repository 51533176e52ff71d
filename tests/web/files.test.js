import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { served } from './served.js';

const web = new URL('../../bridge/hub/web/', import.meta.url).pathname;
const names = [...readdirSync(web), ...readdirSync(`${web}views`).map((name) => `views/${name}`)]
  .filter((name) => /\.(html|css|js)$/.test(name));
const read = (name) => readFileSync(web + name, 'utf8');
const html = read('index.html');

const layers = [
  ['store', 'dom', 'time', 'icons', 'clock', 'prefs', 'days', 'stretches', 'track-data', 'track-scale'],
  ['api', 'events', 'token', 'recordings-api', 'whep'],
  ['player', 'flv', 'flv-socket', 'g711', 'g711-sound', 'edge', 'mpegts-player', 'screen', 'recording-player', 'key-picture', 'peer', 'peer-commands'],
  ['session', 'directory', 'playback', 'recording-index', 'preview', 'stats', 'camera', 'race', 'move'],
  ['texts', 'playback-texts', 'stats-texts'],
  ['views/'],
  ['main', 'commands'],
];
const layerOf = (name) => layers.findIndex((layer) => layer.includes(name.startsWith('views/') ? 'views/' : name.replace('.js', '')));

describe('the files of the page', () => {
  it('stay within 60 KB compressed, as the hub serves them', () => {
    const bytes = gzipSync(names.map((name) => served(name, read(name))).join('\n'), { level: 9 }).length;
    assert.ok(bytes <= 60 * 1024, `${bytes} bytes`);
  });

  it('are all preloaded as one set', () => {
    const preloaded = [...html.matchAll(/modulepreload" href="\/([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(preloaded.sort(), names.filter((name) => name.endsWith('.js') && name !== 'main.js').sort());
  });

  it('have no template of several lines, whose spaces and comments would stay behind', () => {
    for (const name of names.filter((file) => file.endsWith('.js'))) {
      const code = read(name).replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, '');
      assert.deepEqual((code.match(/`[^`]*`/g) ?? []).filter((template) => template.includes('\n')), [], name);
    }
  });

  it('are served with every string as it was, and no comment that would swallow code', () => {
    const strings = (text) => text.match(/'[^'\n]*'/g) ?? [];
    for (const name of names.filter((file) => file.endsWith('.js'))) {
      const left = served(name, read(name));
      const source = read(name).replace(/^\s*(\/\*\*|\*|\/\/).*$/gm, '').replace(/[;,{)]\s+\/\/ .*$/gm, '');
      assert.deepEqual(strings(left), strings(source), name);
      assert.doesNotMatch(left.replace(/`[^`]*`|'[^'\n]*'/g, ''), /\s\/\/\s/, name);
    }
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

  it('stay readable: no file over 400 lines', () => {
    for (const name of names.filter((file) => file.endsWith('.js'))) assert.ok(read(name).split('\n').length <= 400, name);
  });
});
