/** G.711 sound (ITU-T G.711: A-law and mu-law, 8000 samples a second) to linear samples. No DOM; runs in Node. */

/** Samples a second of G.711 in FLV, whatever the rate bits of the tag say. */
export const g711Rate = 8000;

function aLaw(byte) {
  const code = byte ^ 0x55; // every other bit is sent inverted
  const exponent = (code >> 4) & 7;
  const mantissa = ((code & 0x0f) << 4) + 8;
  const level = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return code & 0x80 ? level : -level;
}

function muLaw(byte) {
  const code = ~byte & 0xff;
  const level = ((((code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
  return code & 0x80 ? -level : level;
}

const table = (decode) => Float32Array.from({ length: 256 }, (_, byte) => decode(byte) / 32768);
const tables = { a: table(aLaw), u: table(muLaw) };

/**
 * @param {'a'|'u'} law
 * @param {Uint8Array} data  one byte a sample; channels interleaved
 * @returns {Float32Array} samples from -1 to 1, in the same order
 */
export function decodeG711(law, data) {
  return Float32Array.from(data, (byte) => tables[law][byte]);
}
