/** Hand-made FLV for unit tests. */

/** The file header with both flags, and the first previous-tag size. */
export const fileHeader = Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0);

/** @returns {Uint8Array} one tag with its previous-tag size */
export function tag(type, timestamp, ...body) {
  const size = body.length;
  const total = 11 + size;
  return Uint8Array.of(type, size >> 16, size >> 8, size, timestamp >> 16, timestamp >> 8, timestamp, timestamp >> 24,
    0, 0, 0, ...body, total >> 24, total >> 16, total >> 8, total);
}

export const avcConfig = (timestamp = 0) => tag(9, timestamp, 0x17, 0, 0, 0, 0, 1, 0x42, 0xc0, 0x1e, 0xff);
export const key = (timestamp) => tag(9, timestamp, 0x17, 1, 0, 0, 0, 0xaa);
export const delta = (timestamp) => tag(9, timestamp, 0x27, 1, 0, 0, 0, 0xbb);
export const aacConfig = (timestamp = 0) => tag(8, timestamp, 0xaf, 0, 0x12, 0x10);
export const aac = (timestamp) => tag(8, timestamp, 0xaf, 1, 0x21, 0x10);
export const aLaw = (timestamp, ...samples) => tag(8, timestamp, 0x72, ...samples);
export const muLaw = (timestamp, ...samples) => tag(8, timestamp, 0x82, ...samples);
export const speex = (timestamp) => tag(8, timestamp, 0xb2, 1, 2, 3);
export const metadata = () => tag(18, 0, 2, 0, 0);

/** @returns {Uint8Array} the parts in one piece */
export const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
