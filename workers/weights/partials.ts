/** Downloads that are not finished: the pieces that have come so far, kept so that a closed tab loses at most one of them. */
import { delMany, entries, set } from 'idb-keyval';
import { Database, type StorageTrouble } from './database.ts';

/** What has come of a file, from its first byte on. */
export interface Begun {
  pieces: Blob[];
  bytes: number;
  /** What the server called this version of the file (a strong ETag or a date), or null. */
  validator: string | null;
}

export interface Partials {
  read(sha256: string): Promise<Begun>;
  /** Keeps the piece that begins at `offset`. */
  append(sha256: string, offset: number, piece: Blob, validator: string | null): Promise<void>;
  drop(sha256: string): Promise<void>;
}

interface Piece {
  sha256: string;
  offset: number;
  blob: Blob;
  validator: string | null;
}

export class IndexedDbPartials implements Partials {
  readonly #database: Database;

  constructor(onTrouble: (trouble: StorageTrouble) => void) {
    this.#database = new Database('flamingo-downloads', onTrouble);
  }

  async read(sha256: string): Promise<Begun> {
    return assemble(await this.#pieces(sha256));
  }

  async append(sha256: string, offset: number, blob: Blob, validator: string | null) {
    const piece: Piece = { sha256, offset, blob, validator };
    await this.#database.attempt((store) => set([sha256, offset], piece, store));
  }

  async drop(sha256: string): Promise<void> {
    const keys = (await this.#pieces(sha256)).map(({ offset }) => [sha256, offset]);
    if (keys.length > 0) await this.#database.attempt((store) => delMany(keys, store));
  }

  /** Bytes of each file that was begun, by its SHA-256. */
  async sizes(): Promise<Map<string, number>> {
    const sizes = new Map<string, number>();
    for (const { sha256, blob } of await this.#pieces()) {
      sizes.set(sha256, (sizes.get(sha256) ?? 0) + blob.size);
    }
    return sizes;
  }

  async #pieces(sha256?: string): Promise<Piece[]> {
    const all =
      (await this.#database.attempt((store) => entries<IDBValidKey, unknown>(store))) ?? [];
    return all
      .map(([, value]) => value)
      .filter(isPiece)
      .filter((piece) => sha256 === undefined || piece.sha256 === sha256);
  }
}

/** The pieces without a gap from the first byte on, all of one version of the file. */
export function assemble(pieces: readonly Omit<Piece, 'sha256'>[]): Begun {
  const begun: Begun = { pieces: [], bytes: 0, validator: null };
  for (const { offset, blob, validator } of pieces.toSorted((a, b) => a.offset - b.offset)) {
    if (begun.pieces.length === 0 && offset === 0) begun.validator = validator;
    if (offset !== begun.bytes || validator !== begun.validator) break;
    begun.pieces.push(blob);
    begun.bytes += blob.size;
  }
  return begun;
}

function isPiece(value: unknown): value is Piece {
  if (typeof value !== 'object' || value === null) return false;
  const { sha256, offset, blob, validator }: Partial<Record<keyof Piece, unknown>> = value;
  return (
    typeof sha256 === 'string' &&
    Number.isInteger(offset) &&
    blob instanceof Blob &&
    (validator === null || typeof validator === 'string')
  );
}
