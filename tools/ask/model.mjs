/** Finds the model that `--model` names. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { CommandError, ROOT } from '../project.mjs';
import { folderRoute } from '../serve.mjs';

export const DEFAULT_MODEL = 'flamingo-smollm2-135m';

/**
 * @param {string} nameOrFolder a folder of `public/models`, or any folder that has a `manifest.json`
 * @param {string} base relative folders start here
 * @returns {{ name: string, path: string, routes: import('../serve.mjs').Route[] }} `path` is its path on the site, with
 *   slashes at both ends; `routes` are needed to serve it
 * @throws {CommandError} there is no such model
 */
export function findModel(nameOrFolder, base) {
  const shipped = join(ROOT, 'public', 'models', nameOrFolder);
  if (/^[\w-][\w.-]*$/.test(nameOrFolder) && existsSync(join(shipped, 'manifest.json'))) {
    return { name: nameOrFolder, path: `/models/${nameOrFolder}/`, routes: [] };
  }
  const folder = resolve(base, nameOrFolder);
  if (!existsSync(join(folder, 'manifest.json'))) {
    throw new CommandError(
      `There is no model "${nameOrFolder}": give a name from public/models, or a folder that has a manifest.json.`,
    );
  }
  const name = basename(folder).replace(/[^\w.-]/g, '-');
  const path = `/models/${name}/`;
  return { name, path, routes: [folderRoute(path, folder)] };
}
