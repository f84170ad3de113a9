/** The manifest, checked: what passes here can be relied on everywhere else. */
import {
  above,
  integer,
  list,
  Mismatch,
  object,
  oneOf,
  orNull,
  type Reader,
  string,
  table,
  triple,
} from './check.ts';
import { Failure } from './failure.ts';
import type { FileRef, GraphRef, Manifest, PromptTemplate, ShardRef } from './manifest.ts';

/** No folders: a manifest names files beside it and nothing else on the server. */
const fileName = string(/^[\w-][\w.-]*$/, 'a plain file name');

const file = {
  path: fileName,
  bytes: integer(1),
  sha256: string(/^[0-9a-f]{64}$/, '64 lower-case hex digits'),
};
const graph = object<GraphRef>({
  ...file,
  shards: list(fileName),
  expand: orNull(object<FileRef>(file)),
  // Older manifests do not speak of kernels.
  kernels: (value, at) => orNull(object<FileRef>(file))(value ?? null, at),
});
const graphs = object<Manifest['graphs']['wasm']>({
  vision: graph,
  bridge: graph,
  language: graph,
});

const readManifest: Reader<Manifest> = object<Manifest>({
  format: oneOf('flamingo-web/1'),
  name: string(/^[\w.-]+$/, 'a name of letters, digits, points and dashes'),
  title: string(/\S/, 'a title'),
  tokenizer: object<FileRef>(file),
  tokens: object<Manifest['tokens']>({
    start: orNull(integer(0)),
    image: integer(0),
    endOfChunk: integer(0),
    banned: list(integer(0)),
  }),
  vision: object<Manifest['vision']>({
    size: integer(1),
    maxTiles: integer(1),
    resample: oneOf('bicubic'),
    mean: triple(above(Number.NEGATIVE_INFINITY)),
    std: triple(above(0)),
    grid: integer(1),
    width: integer(1),
  }),
  resampler: object<Manifest['resampler']>({
    latents: integer(1),
    width: integer(1),
    temporal: integer(1),
  }),
  language: object<Manifest['language']>({
    layers: integer(1),
    width: integer(1),
    heads: integer(1),
    kvHeads: integer(1),
    headSize: integer(1),
    vocabulary: integer(1),
    context: integer(2),
  }),
  crossAttention: object<Manifest['crossAttention']>({
    layers: list(integer(0)),
    heads: integer(1),
    headSize: integer(1),
    media: oneOf('immediate', 'all'),
  }),
  graphs: object<Manifest['graphs']>({ webgpu: graphs, wasm: graphs }),
  shards: list(object<ShardRef>({ ...file, part: oneOf('language', 'vision', 'bridge') })),
  prompts: table(
    object<PromptTemplate>({
      template: string(/<image>/, 'text with <image> in it'),
      maxNewTokens: integer(1),
    }),
  ),
  licences: list(
    object<Manifest['licences'][number]>({ part: string(), source: string(), licence: string() }),
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
function checkReferences({ tokens, language, crossAttention, graphs, shards }: Manifest): void {
  const known = new Set(shards.map((shard) => shard.path));
  for (const [flavour, parts] of Object.entries(graphs)) {
    for (const [part, { shards: names }] of Object.entries(parts)) {
      const missing = names.find((name) => !known.has(name));
      if (missing === undefined) continue;
      throw new Mismatch(
        `"graphs.${flavour}.${part}" needs the shard ${missing}, which is not listed`,
      );
    }
  }
  const ids = [tokens.start ?? 0, tokens.image, tokens.endOfChunk, ...tokens.banned];
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
