import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { sniff } from './sniff.ts';

const PICTURES = new URL('../../tests/pictures/', import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(name, PICTURES)));

describe('sniff', () => {
  test.each([
    ['photo.jpg', 'jpeg', 225, 150],
    ['photo.png', 'png', 225, 150],
    ['photo.webp', 'webp', 225, 150],
    ['wide.png', 'png', 450, 50],
    ['still.gif', 'gif', 120, 80],
    ['plain.bmp', 'bmp', 120, 80],
    ['orientation-6.jpg', 'jpeg', 90, 60],
    ['picture.avif', 'avif', 120, 80],
    ['cmyk.jpg', 'jpeg', 120, 80],
    ['moving.gif', 'gif', 120, 80],
  ])('%s is a %s of %i x %i', (name, type, width, height) => {
    expect(sniff(read(name))).toEqual({ type, size: { width, height } });
  });

  test('a BMP with the 16-bit sides of OS/2', () => {
    const bytes = new Uint8Array(26);
    bytes.set(new TextEncoder().encode('BM'));
    bytes.set([12, 0, 0, 0, 90, 0, 60, 0, 1, 0, 24, 0], 14);
    expect(sniff(bytes)).toEqual({ type: 'bmp', size: { width: 90, height: 60 } });
  });

  test('every test picture is known', () => {
    for (const name of readdirSync(PICTURES)) expect(sniff(read(name)), name).not.toBeNull();
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['text', new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg"></svg>')],
    ['zeros', new Uint8Array(100)],
  ])('%s is no picture', (_, bytes) => {
    expect(sniff(bytes)).toBeNull();
  });

  test('headers that are cut short do not throw', () => {
    for (const name of ['photo.jpg', 'photo.png', 'photo.webp', 'still.gif', 'plain.bmp']) {
      const bytes = read(name);
      for (let length = 0; length < 64; length++) sniff(bytes.subarray(0, length));
    }
  });
});
