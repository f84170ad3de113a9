/** A picture file to RGB: upright as its EXIF says (Chromium reads none in WebP), transparency laid on white, colours as stored. */
import { Failure } from '../failure.ts';
import type { Raster } from './resample.ts';
import { SNIFF_BYTES, sniff } from './sniff.ts';

const MAX_BYTES = 64 * 2 ** 20;
const MAX_PIXELS = 100e6;
/** Side of the canvas that pictures are read through, below the limits of all browsers. */
const BLOCK = 2048;

function tooLarge(what: string): Failure {
  return new Failure(
    'image-too-large',
    `This picture is too large (${what}): make it smaller, below ${MAX_PIXELS / 1e6} million pixels and 64 MB, and add it again.`,
  );
}

/**
 * Decodes a picture.
 *
 * @throws {Failure} `image-decode` when the bytes are no picture, or a broken one; `image-too-large`
 */
export async function decode(blob: Blob): Promise<Raster> {
  if (blob.size > MAX_BYTES) throw tooLarge(`${Math.round(blob.size / 2 ** 20)} MB`);
  const header = new Uint8Array(await blob.slice(0, SNIFF_BYTES).arrayBuffer());
  const kind = sniff(header);
  if (blob.size === 0) {
    throw new Failure('image-decode', 'This file is empty: choose another, or save it anew.');
  }
  if (!kind) {
    throw new Failure(
      'image-decode',
      'This file is not a picture that can be read: use a JPEG, PNG, WebP, GIF, AVIF or BMP file.',
    );
  }
  const { size } = kind;
  if (size && size.width * size.height > MAX_PIXELS)
    throw tooLarge(`${size.width} × ${size.height}`);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob, {
      imageOrientation: 'from-image',
      premultiplyAlpha: 'none',
      colorSpaceConversion: 'none',
    });
  } catch (cause) {
    throw new Failure(
      'image-decode',
      `This ${kind.type.toUpperCase()} picture is damaged and cannot be read: open it in another program, save it anew and add it again.`,
      { cause },
    );
  }
  try {
    if (bitmap.width * bitmap.height > MAX_PIXELS) {
      throw tooLarge(`${bitmap.width} × ${bitmap.height}`);
    }
    return toRgb(bitmap);
  } finally {
    bitmap.close();
  }
}

/** Reads block by block: browsers limit the sides of a canvas, and two more copies of a large photo would not fit. */
function toRgb(bitmap: ImageBitmap): Raster {
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(Math.min(width, BLOCK), Math.min(height, BLOCK));
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context)
    throw new Failure(
      'image-decode',
      'This browser gives no canvas to read pictures with: try another browser.',
    );
  // A block replaces the one before it, where it is transparent too.
  context.globalCompositeOperation = 'copy';
  context.imageSmoothingEnabled = false;
  const data = new Uint8Array(width * height * 3);
  for (let top = 0; top < height; top += BLOCK) {
    for (let left = 0; left < width; left += BLOCK) {
      const [columns, rows] = [Math.min(BLOCK, width - left), Math.min(BLOCK, height - top)];
      context.drawImage(bitmap, left, top, columns, rows, 0, 0, columns, rows);
      const { data: block } = context.getImageData(0, 0, columns, rows);
      for (let row = 0; row < rows; row++) {
        const line = block.subarray(row * columns * 4, (row + 1) * columns * 4);
        layOnWhite(line, data.subarray(((top + row) * width + left) * 3));
      }
    }
  }
  return { data, width, height };
}

/** RGBA to RGB at the start of `target`. */
function layOnWhite(rgba: Uint8ClampedArray, target: Uint8Array): void {
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    const alpha = rgba[from + 3] as number;
    for (let channel = 0; channel < 3; channel++) {
      const value = rgba[from + channel] as number;
      target[to + channel] =
        alpha === 255 ? value : Math.round((value * alpha + 255 * (255 - alpha)) / 255);
    }
  }
}
