import { FlvCutter, TagType, readVideo } from './flv.js';
import { createFlvPlayer, loadMpegts } from './mpegts-player.js';

const widthPx = 320;
const hiddenWaitMs = 4000;
const redrawMs = 40;
const fileHeader = Uint8Array.of(0x46, 0x4c, 0x56, 1, 1, 0, 0, 0, 9, 0, 0, 0, 0);

// Where the codec's own bytes begin: behind codec, packet type and composition time.
function payload({ body }) {
  if (!(body[0] & 0x80)) return body.subarray(5);
  const hasTime = (body[0] & 0x0f) === 1 && String.fromCharCode(...body.subarray(1, 5)) !== 'av01';
  return body.subarray(hasTime ? 8 : 5);
}

/**
 * Turns one key frame into a picture: by WebCodecs, else by a hidden video.
 *
 * @param {Uint8Array} flv  as `/recordings/<id>/key.flv` answers
 * @returns {Promise<ImageBitmap|HTMLCanvasElement|null>}  at most 320 px wide; null where this browser cannot
 */
export async function decodeKeyFrame(flv) {
  const tags = new FlvCutter().push(flv).filter(({ type }) => type === TagType.video);
  const config = tags.find(({ body }) => readVideo(body).config);
  const key = tags.find(({ body }) => readVideo(body).key && readVideo(body).coded);
  if (!config || !key) return null;
  const { codec } = readVideo(config.body).video;
  if (!codec) return null;
  const support = { codec, description: payload(config), optimizeForLatency: true };
  const known = globalThis.VideoDecoder && (await VideoDecoder.isConfigSupported(support).catch(() => null))?.supported;
  return known ? byWebCodecs(support, payload(key)) : byHiddenVideo(config, key);
}

function byWebCodecs(support, data) {
  return new Promise((resolve, reject) => {
    const decoder = new VideoDecoder({
      output(frame) {
        const size = { resizeWidth: widthPx, resizeHeight: Math.round(widthPx * frame.displayHeight / frame.displayWidth) };
        createImageBitmap(frame, size).then(resolve, reject).finally(() => frame.close());
      },
      error: reject,
    });
    decoder.configure(support);
    decoder.decode(new EncodedVideoChunk({ type: 'key', timestamp: 0, data }));
    decoder.flush().catch(reject).finally(() => decoder.state !== 'closed' && decoder.close());
  });
}

function at(tag, timestamp) {
  const bytes = tag.bytes.slice();
  bytes.set([0, 0, timestamp, 0], 4);
  return bytes;
}

// Without https there is no WebCodecs. The player keeps its newest picture back, so it gets the one picture several times.
async function byHiddenVideo(config, key) {
  const mpegts = await loadMpegts();
  const video = document.createElement('video');
  video.muted = true;
  const gone = new AbortController();
  const ready = new Promise((resolve) => {
    for (const event of ['loadeddata', 'error']) {
      video.addEventListener(event, () => resolve(event === 'loadeddata'), { signal: gone.signal });
    }
    setTimeout(resolve, hiddenWaitMs, false);
  });
  const player = createFlvPlayer(mpegts, video, { hasSound: false, behindS: 10, onError: () => {} });
  const parts = [fileHeader, at(config, 0), ...[0, 40, 80, 120].map((time) => at(key, time))];
  player.push(new Uint8Array(await new Blob(parts).arrayBuffer()));
  const canvas = document.createElement('canvas');
  const drawn = await ready && await drawOnce(video, canvas);
  gone.abort();
  player.destroy();
  return drawn ? canvas : null;
}

// A video may say it has data a little before a canvas can draw it; until then drawing leaves the canvas transparent.
async function drawOnce(video, canvas) {
  canvas.width = widthPx;
  canvas.height = Math.round(widthPx * video.videoHeight / video.videoWidth);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  for (const end = performance.now() + hiddenWaitMs; performance.now() < end;) {
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    if (pen.getImageData(0, 0, 1, 1).data[3]) return true;
    await new Promise((resolve) => setTimeout(resolve, redrawMs));
  }
  return false;
}
