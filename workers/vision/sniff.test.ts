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
  ])('%s is a %s of %i x %i', (name, type, width, height) => {
    expect(sniff(read(name))).toEqual({ type, size: { width, height } });
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
    for (const name of ['photo.jpg', 'photo.png', 'photo.webp']) {
      const bytes = read(name);
      for (let length = 0; length < 64; length++) sniff(bytes.subarray(0, length));
    }
  });
});
