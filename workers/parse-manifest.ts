/** The manifest, checked: what passes here can be relied on everywhere else. */
import {
  above,
  boolean,
  integer,
  list,
  Mismatch,
  object,
  oneOf,
  optional,
  orNull,
  type Reader,
  string,
  table,
  triple,
} from './check.ts';
import { Failure } from './failure.ts';
import type { FileRef, GraphRef, Manifest, PromptTemplate, ShardRef } from './manifest.ts';

/** No folders: a manifest names files beside it and nothing else on the server. */
const fileName = string(/^[\w-][\w.-]{0,199}$/, 'a plain file name');
const words = string(/^[\s\S]{0,2000}$/, 'text of at most 2000 characters');

// A manifest that asks for absurd amounts is refused before anything is allocated or fetched.
const SIDE = 4096;
const WIDTH = 65_536;
const SHARD_BYTES = 16 * 2 ** 20;
const FILE_BYTES = 64 * 2 ** 20;

const fileOf = (most: number) => ({
  path: fileName,
  bytes: integer(1, most),
  sha256: string(/^[0-9a-f]{64}$/, '64 lower-case hex digits'),
});
const file = fileOf(FILE_BYTES);
const one = {
  ...file,
  shards: list(fileName),
  expand: orNull(object<FileRef>(file)),
  // Older manifests do not speak of kernels.
  kernels: (value: unknown, at: string) => orNull(object<FileRef>(file))(value ?? null, at),
};
const last = object<GraphRef>({ ...one, next: () => undefined });
const graph = object<GraphRef>({ ...one, next: optional(list(last)) });
const graphs = object<Manifest['graphs']['wasm']>({
  vision: graph,
  bridge: graph,
  language: graph,
});

type Picture = NonNullable<Manifest['tokens']['picture']>;

const readManifest: Reader<Manifest> = object<Manifest>({
  format: oneOf('flamingo-web/1'),
  name: string(/^[\w.-]{1,100}$/, 'a name of letters, digits, points and dashes'),
  title: string(/^(?=.*\S).{1,200}$/, 'a title of at most 200 characters'),
  tokenizer: object<FileRef>(file),
  tokens: object<Manifest['tokens']>({
    start: orNull(integer(0)),
    image: integer(0),
    endOfChunk: integer(0),
    banned: list(integer(0)),
    picture: optional(
      object<Picture>({ ids: list(integer(0)), at: integer(0, 64), shared: boolean }),
    ),
    markup: optional(table(integer(0))),
  }),
  vision: object<Manifest['vision']>({
    size: integer(1, SIDE),
    maxTiles: integer(1, 64),
    resample: oneOf('bilinear', 'bicubic', 'lanczos'),
    resize: optional(oneOf('pad', 'crop', 'crop-half-even', 'stretch')),
    mean: triple(above(Number.NEGATIVE_INFINITY)),
    std: triple(above(0)),
    grid: integer(1, 256),
    tokens: optional(integer(1, WIDTH + 1)),
    width: integer(1, WIDTH),
  }),
  resampler: object<Manifest['resampler']>({
    latents: integer(1, SIDE),
    width: integer(1, WIDTH),
    temporal: integer(0, SIDE),
    time: optional(oneOf('interpolated', 'indexed')),
  }),
  language: object<Manifest['language']>({
    layers: integer(1, 1024),
    width: integer(1, WIDTH),
    heads: integer(1, 1024),
    kvHeads: integer(1, 1024),
    headSize: integer(1, SIDE),
    vocabulary: integer(1, 2 ** 24),
    context: integer(2, 2 ** 20),
  }),
  crossAttention: object<Manifest['crossAttention']>({
    layers: list(integer(0)),
    heads: integer(1, 1024),
    headSize: integer(1, SIDE),
    media: oneOf('immediate', 'all'),
  }),
  graphs: object<Manifest['graphs']>({ webgpu: graphs, wasm: graphs }),
  shards: list(
    object<ShardRef>({ ...fileOf(SHARD_BYTES), part: oneOf('language', 'vision', 'bridge') }),
  ),
  prompts: table(
    object<PromptTemplate>({
      template: string(/^(?=[\s\S]*<image>)[\s\S]{0,2000}$/, 'text with <image> in it'),
      maxNewTokens: integer(1, 2 ** 16),
    }),
  ),
  licences: list(
    object<Manifest['licences'][number]>({ part: words, source: words, licence: words }),
  ),
});

/**
 * Checks a manifest.
 *
 * @throws {Failure} `bad-manifest` with the first thing that is wrong
 */
export function parseManifest(json: unknown): Manifest {
  try {
    const manifest = readManifest(json, '');
    checkReferences(manifest);
    return manifest;
  } catch (cause) {
    if (!(cause instanceof Mismatch)) throw cause;
    throw new Failure(
      'bad-manifest',
      `The model's manifest.json cannot be used: ${cause.message}. Export the model again, or choose another.`,
    );
  }
}

/** What no single field shows. */
function checkReferences(manifest: Manifest): void {
  const { tokens, language, crossAttention, graphs, shards } = manifest;
  checkNames(manifest);
  if (language.heads % language.kvHeads !== 0) {
    throw new Mismatch('"language.heads" must be a multiple of "language.kvHeads"');
  }
  if (tokens.image === tokens.endOfChunk) {
    throw new Mismatch('"tokens.image" and "tokens.endOfChunk" must differ');
  }
  const known = new Set(shards.map((shard) => shard.path));
  for (const [flavour, parts] of Object.entries(graphs)) {
    for (const [part, { shards: own, next = [] }] of Object.entries(parts)) {
      const names = [...own, ...next.flatMap((graph) => graph.shards)];
      const missing = names.find((name) => !known.has(name));
      if (missing === undefined) continue;
      throw new Mismatch(
        `"graphs.${flavour}.${part}" needs the shard ${missing}, which is not listed`,
      );
    }
  }
  const { picture, markup = {} } = tokens;
  if (picture && picture.at >= picture.ids.length) {
    throw new Mismatch('"tokens.picture.at" must be the place of one of its ids');
  }
  const ids = [
    tokens.start ?? 0,
    tokens.image,
    tokens.endOfChunk,
    ...tokens.banned,
    ...(picture?.ids ?? []),
    ...Object.values(markup),
  ];
  const unknown = ids.find((id) => id >= language.vocabulary);
  if (unknown !== undefined) {
    throw new Mismatch(`"tokens" has ${unknown}, which is not below "language.vocabulary"`);
  }
  const { layers } = crossAttention;
  if (layers.length === 0) throw new Mismatch('"crossAttention.layers" must name a layer');
  const rising = layers.every((layer, i) => i === 0 || layer > (layers[i - 1] ?? 0));
  if (!rising || (layers.at(-1) ?? 0) >= language.layers) {
    throw new Mismatch('"crossAttention.layers" must rise and stay below "language.layers"');
  }
}

/** One name is one content, or files would take each other's place. */
function checkNames({ tokenizer, graphs, shards }: Manifest): void {
  const parts = Object.values(graphs)
    .flatMap((flavour) => Object.values(flavour))
    .flatMap((graph) => [graph, ...(graph.next ?? [])]);
  const contents = new Map<string, string>();
  for (const { path, sha256 } of [
    tokenizer,
    ...parts,
    ...parts.flatMap(({ expand }) => expand ?? []),
    ...shards,
  ]) {
    if ((contents.get(path) ?? sha256) !== sha256) {
      throw new Mismatch(`two files are named ${path}`);
    }
    contents.set(path, sha256);
  }
}
