/** Which models the page offers: those beside it, and those of other sites that whoever builds it names. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder under `models/`, by its name, and what its manifest calls it. */
export interface Shipped {
  name: string;
  title: string;
}

/** The models in `public/models`, by name. */
export function shippedModels(root: string): Shipped[] {
  const models = join(root, 'public', 'models');
  return readdirSync(models)
    .toSorted()
    .filter((name) => existsSync(join(models, name, 'manifest.json')))
    .map((name) => {
      const json: { title: string } = JSON.parse(
        readFileSync(join(models, name, 'manifest.json'), 'utf8'),
      );
      return { name, title: json.title };
    });
}

/**
 * The folders that `FLAMINGO_MODELS` names, separated by spaces or commas, each ending with a slash.
 *
 * @throws {Error} an entry is no address, or neither https nor on this machine, which browsers would refuse
 */
export function hostedModels(variable: string | undefined): string[] {
  const entries = (variable ?? '').split(/[\s,]+/).filter(Boolean);
  return entries.map((entry) => {
    const url = URL.parse(entry);
    const local = url?.hostname === 'localhost' || url?.hostname === '127.0.0.1';
    if (!url || !(url.protocol === 'https:' || (url.protocol === 'http:' && local))) {
      throw new Error(
        `FLAMINGO_MODELS: ${entry} is not an https address: name the folders that hold a manifest.json, as in https://models.example/my-flamingo/`,
      );
    }
    url.search = '';
    url.hash = '';
    if (!url.pathname.endsWith('/')) url.pathname += '/';
    return url.href;
  });
}

/** The sites that these folders lie on, once each. */
export function originsOf(hosted: string[]): string[] {
  return [...new Set(hosted.map((address) => new URL(address).origin))];
}
