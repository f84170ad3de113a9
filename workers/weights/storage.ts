/** All that this site keeps in the browser for its models: manifests, files, unfinished downloads. */
import { del, entries, set } from 'idb-keyval';
import { Failure } from '../failure.ts';
import type { FileRef, Manifest } from '../manifest.ts';
import { parseManifest } from '../parse-manifest.ts';
import type { StorageReport, StoredModel } from '../protocol.ts';
import { filesOf } from '../sessions.ts';
import { Database, type StorageTrouble } from './database.ts';
import { IndexedDbPartials } from './partials.ts';
import { IndexedDbStore } from './store.ts';
import { isFile } from './verify.ts';

export class ModelStorage {
  #trouble: StorageTrouble | null = null;
  readonly #note = (trouble: StorageTrouble) => {
    this.#trouble = trouble;
  };
  readonly store = new IndexedDbStore(this.#note);
  readonly partials = new IndexedDbPartials(this.#note);
  /** Manifests by the URL of their folder, as they came. */
  readonly #manifests = new Database('flamingo-models', this.#note);

  /** Why what is fetched now is gone at the next visit, in a sentence; null when it is kept. */
  get notice(): string | null {
    return this.#trouble && NOTICES[this.#trouble];
  }

  /** A new load has a new chance. */
  forgive(): void {
    this.#trouble = null;
  }

  /** Keeps a manifest, so that its model can be listed, and loaded without a network. */
  async remember(url: string, manifest: Manifest): Promise<void> {
    await this.#manifests.attempt((store) => set(url, manifest, store));
  }

  /** The manifest of an earlier visit, or null. */
  async manifestOf(url: string): Promise<Manifest | null> {
    return (await this.#known()).get(url) ?? null;
  }

  /** Says whether the files that are missing will fit; null when they will, or nobody knows. */
  async shortage(files: FileRef[]): Promise<string | null> {
    const { usage, quota } = await estimate();
    if (usage === null || quota === null) return null;
    const sizes = await this.store.sizes();
    const missing = files.filter(({ sha256 }) => !sizes.has(sha256));
    const needed = missing.reduce((sum, { bytes }) => sum + bytes, 0);
    const free = Math.max(0, quota - usage);
    if (needed <= free) return null;
    return `The model needs ${megabytes(needed)} more, but this browser gives the page only ${megabytes(free)}: it will run from memory, and what does not fit is downloaded again next time. Delete stored models, or free some disk space.`;
  }

  /** What is stored, for the person to see. */
  async report(): Promise<StorageReport> {
    const known = await this.#known();
    const bytes = await this.#bytes();
    const used = new Set<string>();
    const models: StoredModel[] = [];
    for (const [url, manifest] of known) {
      const files = allFiles(manifest);
      for (const { sha256 } of files) used.add(sha256);
      const has = ({ sha256, bytes: size }: FileRef) => bytes.get(sha256) === size;
      models.push({
        url,
        title: manifest.title,
        bytes: sum(unique(files).map(({ sha256 }) => bytes.get(sha256) ?? 0)),
        complete: (['webgpu', 'wasm'] as const).some((flavour) =>
          filesOf(manifest, flavour).every(has),
        ),
      });
    }
    const unused = sum([...bytes].map(([sha256, size]) => (used.has(sha256) ? 0 : size)));
    return { models, unused, ...(await estimate()), trouble: this.notice };
  }

  /**
   * Reads all stored files of a model against their SHA-256 and deletes the bad ones, whose names it gives.
   *
   * @throws {Failure} `not-loaded` when the model is not stored
   */
  async verify(url: string): Promise<string[]> {
    const bad: string[] = [];
    for (const file of unique(allFiles(await this.#stored(url)))) {
      const blob = await this.store.get(file.sha256);
      if (!blob || (await isFile(blob, file))) continue;
      await this.store.delete(file.sha256);
      bad.push(file.path);
    }
    return bad;
  }

  /** Deletes a model, but for the files that others need too; null deletes what no model needs. */
  async remove(url: string | null): Promise<void> {
    if (url !== null) await this.#manifests.attempt((store) => del(url, store));
    const others = [...(await this.#known()).values()].flatMap(allFiles);
    const needed = new Set(others.map(({ sha256 }) => sha256));
    for (const sha256 of (await this.#bytes()).keys()) {
      if (needed.has(sha256)) continue;
      await this.store.delete(sha256);
      await this.partials.drop(sha256);
    }
  }

  async #stored(url: string): Promise<Manifest> {
    const manifest = await this.manifestOf(url);
    if (manifest) return manifest;
    throw new Failure('not-loaded', 'This model is not stored any more: open the list again.');
  }

  /** Those that cannot be read any more (an older page kept them) are left out: they are fetched again. */
  async #known(): Promise<Map<string, Manifest>> {
    const stored = await this.#manifests.attempt((store) => entries<string, unknown>(store));
    const known = new Map<string, Manifest>();
    for (const [url, json] of stored ?? []) {
      try {
        known.set(url, parseManifest(json));
      } catch (cause) {
        console.warn(`The stored manifest of ${url} is left out.`, cause);
      }
    }
    return known;
  }

  /** Bytes of finished and unfinished files by their SHA-256. */
  async #bytes(): Promise<Map<string, number>> {
    return new Map([...(await this.partials.sizes()), ...(await this.store.sizes())]);
  }
}

const NOTICES: Record<StorageTrouble, string> = {
  full: 'This browser’s storage for the page is full, so the model runs from memory and is downloaded again next time: delete stored models, or free some disk space.',
  unavailable:
    'This browser keeps nothing for the page (a private window, or its storage is blocked or broken), so the model runs from memory and is downloaded again next time.',
};

function allFiles(manifest: Manifest): FileRef[] {
  return [...filesOf(manifest, 'webgpu'), ...filesOf(manifest, 'wasm')];
}

function unique(files: FileRef[]): FileRef[] {
  return [...new Map(files.map((file) => [file.sha256, file])).values()];
}

async function estimate(): Promise<Pick<StorageReport, 'usage' | 'quota'>> {
  try {
    const { usage = null, quota = null } = await navigator.storage.estimate();
    return { usage, quota };
  } catch (cause) {
    console.warn('The browser does not say how much it stores.', cause);
    return { usage: null, quota: null };
  }
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
