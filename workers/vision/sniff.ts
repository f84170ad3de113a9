/** What kind of picture some bytes are and how large it says it is, before anything decodes it. */

export interface Sniffed {
  type: 'png' | 'jpeg' | 'webp' | 'gif' | 'bmp' | 'avif';
  /** Unknown where the header does not say it at a fixed place. */
  size: { width: number; height: number } | null;
}

/** How many bytes from the start are needed. */
export const SNIFF_BYTES = 256 * 1024;

function ascii(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** The frame header of a JPEG lies after segments of any length. */
function jpegSize(view: DataView): Sniffed['size'] {
  let at = 2;
  while (at + 9 < view.byteLength) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    at += 2 + view.getUint16(at + 2);
  }
  return null;
}

function webpSize(bytes: Uint8Array, view: DataView): Sniffed['size'] {
  if (bytes.length < 30) return null;
  const kind = ascii(bytes, 12, 4);
  if (kind === 'VP8X') {
    const u24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    return { width: u24(24) + 1, height: u24(27) + 1 };
  }
  if (kind === 'VP8 ') {
    const u14 = (at: number) => view.getUint16(at, true) & 0x3fff;
    return { width: u14(26), height: u14(28) };
  }
  if (kind === 'VP8L') {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
  }
  return null;
}

/** OS/2's header of 12 bytes has 16-bit sides; in all later ones a negative height means top row first. */
function bmpSize(view: DataView): Sniffed['size'] {
  if (view.getUint32(14, true) === 12) {
    return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  }
  return { width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)) };
}

/** Every picture of the file has a box `ispe` with its sides; the largest counts. */
function avifSize(bytes: Uint8Array, view: DataView): Sniffed['size'] {
  let size: Sniffed['size'] = null;
  for (let at = 12; at + 16 <= bytes.length; at++) {
    if (view.getUint32(at) !== 0x69737065) continue;
    const found = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (!size || found.width * found.height > size.width * size.height) size = found;
  }
  return size;
}

/** Reads the first bytes of a file; null where they are no picture that browsers decode everywhere. */
export function sniff(bytes: Uint8Array): Sniffed | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 24 && ascii(bytes, 0, 8) === '\x89PNG\r\n\x1a\n') {
    return { type: 'png', size: { width: view.getUint32(16), height: view.getUint32(20) } };
  }
  if (bytes.length >= 4 && view.getUint16(0) === 0xffd8) {
    return { type: 'jpeg', size: jpegSize(view) };
  }
  if (bytes.length >= 16 && ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') {
    return { type: 'webp', size: webpSize(bytes, view) };
  }
  if (bytes.length >= 10 && /^GIF8[79]a$/.test(ascii(bytes, 0, 6))) {
    const size = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
    return { type: 'gif', size };
  }
  if (bytes.length >= 26 && ascii(bytes, 0, 2) === 'BM') {
    return { type: 'bmp', size: bmpSize(view) };
  }
  if (bytes.length >= 12 && /^ftypavi[fs]$/.test(ascii(bytes, 4, 8))) {
    return { type: 'avif', size: avifSize(bytes, view) };
  }
  return null;
}
