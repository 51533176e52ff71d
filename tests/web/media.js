/** Makes the small live streams that the page tests play: a moving test picture, with each kind of sound or none. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';

const folder = new URL('out/', import.meta.url).pathname;

// Four seconds, 25 pictures a second; a key frame each second, except in `longgop`.
const video = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=4'];
const tone = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=8000:duration=4'];
const h264 = ['-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast', '-g', '25', '-pix_fmt', 'yuv420p'];

const recipes = {
  aac: [...video, ...tone, ...h264, '-c:a', 'aac', '-ar', '44100'],
  alaw: [...video, ...tone, ...h264, '-c:a', 'pcm_alaw', '-ar', '8000', '-ac', '1'],
  mulaw: [...video, ...tone, ...h264, '-c:a', 'pcm_mulaw', '-ar', '8000', '-ac', '1'],
  longgop: [...video, ...h264, '-g', '100', '-an'],
  silent: [...video, ...h264, '-an'],
};

/**
 * @param {'aac'|'alaw'|'mulaw'|'speex'|'silent'|'longgop'|'h265'} kind  `speex` stands for a sound format that no browser plays;
 *   `longgop` has one key frame; `h265` is H.264 that calls itself H.265
 * @returns {Uint8Array}  a whole FLV file; made once, with ffmpeg
 */
export function clip(kind) {
  const source = { speex: 'alaw', h265: 'silent' }[kind] ?? kind;
  const file = `${folder}${source}.flv`;
  if (!existsSync(file)) {
    mkdirSync(folder, { recursive: true });
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...recipes[source], '-f', 'flv', file]);
  }
  const bytes = new Uint8Array(readFileSync(file));
  if (kind === 'speex') relabel(bytes, 8, (first) => (first & 0x0f) | (11 << 4));
  if (kind === 'h265') relabel(bytes, 9, (first) => (first & 0xf0) | 12);
  return bytes;
}

// Writes another first byte, which names the codec, into every tag of one type.
function relabel(bytes, type, change) {
  for (let at = 13; at < bytes.length;) {
    const size = (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    if (bytes[at] === type) bytes[at + 11] = change(bytes[at + 11]);
    at += 11 + size + 4;
  }
}
