/** Where the weights of a language model lie in its shards (`*.kernels.json`, written by `training/graphs/kernels.py`). */
import { above, integer, list, Mismatch, object, orNull, type Reader, string } from '../check.ts';
import { Failure } from '../failure.ts';

export interface Place {
  shard: string;
  offset: number;
}

/** A weight [rows, columns] in blocks of 32 columns: w = d q + m at 4 bits, or w = d (q - 128) at 8, where `m` is null. */
export interface Quantised {
  name: string;
  rows: number;
  columns: number;
  q: Place;
  d: Place;
  m: Place | null;
}

/** A weight in fp32. */
export interface Plain extends Place {
  name: string;
}

export interface Listing {
  /** Epsilon of RMSNorm, and of the LayerNorm of the gated blocks. */
  rmsEpsilon: number;
  layerEpsilon: number;
  quantised: Quantised[];
  plain: Plain[];
}

const place = { shard: string(), offset: integer(0) };
const at = object<Place>(place);

const readListing: Reader<Listing> = object<Listing>({
  rmsEpsilon: above(0),
  layerEpsilon: above(0),
  quantised: list(
    object<Quantised>({
      name: string(),
      rows: integer(1),
      columns: integer(32),
      q: at,
      d: at,
      m: orNull(at),
    }),
  ),
  plain: list(object<Plain>({ name: string(), ...place })),
});

/** Checks the list. Throws `bad-manifest`. */
export function parseListing(json: unknown): Listing {
  try {
    return readListing(json, '');
  } catch (cause) {
    if (!(cause instanceof Mismatch)) throw cause;
    throw new Failure('bad-manifest', `The model's list of weights is damaged: ${cause.message}.`, {
      cause,
    });
  }
}
