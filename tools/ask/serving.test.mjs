/** What the local server gives out: the model's own files and the pictures of the lines, nothing beside them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findModel } from './model.mjs';
import { createPictures, MissingPicture } from './pictures.mjs';

/** @type {string} */
let folder;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'flamingo-'));
  mkdirSync(join(folder, 'my model'));
  writeFileSync(join(folder, 'my model', 'manifest.json'), '{}');
  writeFileSync(join(folder, 'cat.jpg'), '');
  writeFileSync(join(folder, 'secret.txt'), '');
});

afterAll(() => rmSync(folder, { recursive: true }));

test('a picture is served once its line named it, under a path that cannot be guessed', () => {
  const { route, linkSegment } = createPictures(folder);
  const linked = linkSegment({ frames: ['cat.jpg', './cat.jpg'] });
  if (linked.type !== 'frames') throw new Error('frames became something else');
  const [first, second] = linked.urls;
  expect(first).toBe(second);
  expect(first).toMatch(/^\/pictures\/[0-9a-f-]{36}\/0$/);
  expect(route(first ?? '')).toBe(join(folder, 'cat.jpg'));
  for (const path of [`${first}/../secret.txt`, '/pictures/0', '/secret.txt', '/']) {
    expect(route(path)).toBeNull();
  }
});

test('a picture that is not there, or is a folder, is an error that says where it was looked for', () => {
  const { linkSegment } = createPictures(folder);
  for (const image of ['dog.jpg', 'my model']) {
    expect(() => linkSegment({ image })).toThrow(MissingPicture);
  }
  expect(() => linkSegment({ image: 'dog.jpg' })).toThrow(join(folder, 'dog.jpg'));
});

test('a model on disk is served file by file', () => {
  const { path, routes } = findModel('my model', folder);
  expect(path).toBe('/models/my-model/');
  const [route] = routes;
  expect(route?.('/models/my-model/manifest.json')).toBe(join(folder, 'my model', 'manifest.json'));
  for (const name of ['../secret.txt', '', '.hidden', 'a/b', '..']) {
    expect(route?.(`/models/my-model/${name}`)).toBeNull();
  }
});

test('a model that is nowhere is an error that says what to give', () => {
  expect(() => findModel('nowhere', folder)).toThrow(
    /give a name from public\/models, or a folder/,
  );
});
