/** Serves the pictures that the lines name, and no other file. */
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { extname, resolve } from 'node:path';

/** A picture that a line names is not there. */
export class MissingPicture extends Error {}

/**
 * @param {string} folder paths are relative to it
 */
export function createPictures(folder) {
  const prefix = `/pictures/${randomUUID()}/`;
  /** @type {string[]} */
  const files = [];

  /**
   * @param {string} path
   * @returns {string} its path on the site
   * @throws {MissingPicture}
   */
  function link(path) {
    const file = resolve(folder, path);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      throw new MissingPicture(`there is no file ${path} (looked for ${file})`);
    }
    const known = files.indexOf(file);
    const index = known === -1 ? files.push(file) - 1 : known;
    return `${prefix}${index}${extname(file)}`;
  }

  /** @type {import('../serve.mjs').Route} */
  function route(path) {
    if (!path.startsWith(prefix)) return null;
    return files[Number.parseInt(path.slice(prefix.length), 10)] ?? null;
  }

  /**
   * @param {import('./parse.mjs').Segment} segment
   * @returns {import('./page.ts').LinkedSegment}
   * @throws {MissingPicture}
   */
  function linkSegment(segment) {
    if ('text' in segment) return { type: 'text', text: segment.text };
    if ('image' in segment) return { type: 'image', url: link(segment.image) };
    return { type: 'frames', urls: segment.frames.map(link) };
  }

  return { route, linkSegment };
}
