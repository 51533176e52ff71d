/** Runs in the page: reads the clock that tests/e2e/clock_frames.py burns into the picture, ms modulo 2^24. */
export function readClock(video) {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  let value = 0;
  for (let bit = 0; bit < 24; ++bit) {
    const x = Math.floor((bit + 0.5) * video.videoWidth / 24);
    value = value * 2 + (context.getImageData(x, 8, 1, 1).data[0] > 128 ? 1 : 0);
  }
  return value;
}

/** @returns {number}  `a` less `b` for two such clocks, ms, the short way round */
export const apart = (a, b) => ((a - b) % 0x1000000 + 0x1800000) % 0x1000000 - 0x800000;
