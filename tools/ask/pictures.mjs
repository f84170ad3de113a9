/** Serves the pictures that the lines name, and no other file. */
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { resolve } from 'node:path';

/** A picture that a line names is not there. */
export class MissingPicture extends Error {}

/**
 * @param {string} folder paths of pictures are relative to it
 */
export function createPictures(folder) {
  const prefix = `/pictures/${randomUUID()}/`;
  /** @type {Map<string, string>} */
  const paths = new Map();
  /** @type {Map<string, string>} */
  const files = new Map();

  /**
   * @param {string} picture
   * @returns {string} its path on the site
   * @throws {MissingPicture}
   */
  function link(picture) {
    const file = resolve(folder, picture);
    const known = paths.get(file);
    if (known) return known;
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) {
      throw new MissingPicture(`there is no file ${picture} (looked for ${file})`);
    }
    const path = `${prefix}${paths.size}`;
    paths.set(file, path);
    files.set(path, file);
    return path;
  }

  return {
    /** @type {import('../serve.mjs').Route} */
    route: (path) => files.get(path) ?? null,
    /**
     * @param {import('./parse.mjs').Segment} segment
     * @returns {import('./page.ts').LinkedSegment}
     * @throws {MissingPicture}
     */
    linkSegment(segment) {
      if ('text' in segment) return { type: 'text', text: segment.text };
      if ('image' in segment) return { type: 'image', url: link(segment.image) };
      return { type: 'frames', urls: segment.frames.map(link) };
    },
  };
}
