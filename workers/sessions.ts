/** The three graphs as sessions of ONNX Runtime. */
import type { Backend } from './backend.ts';
import { Chain, type Runner } from './chain.ts';
import { Decoder } from './kernels/decoder.ts';
import { parseListing } from './kernels/listing.ts';
import type { GraphRef, Manifest } from './manifest.ts';
import { type InferenceSession, type Ort, wasmThreads } from './ort.ts';
import type { LoadProgress } from './protocol.ts';
import { EXPANDED, expandWeights, parseExpandList } from './weights/expand.ts';

/** The graphs in the order they are made and run. */
export const GRAPHS = ['vision', 'bridge', 'language'] as const;

/** The language model is a graph of ONNX Runtime, or runs on kernels of our own. */
export interface Sessions {
  vision: InferenceSession;
  bridge: InferenceSession;
  language: Runner | Decoder;
}

/** The files that a flavour needs, shared shards once. */
export function filesOf(manifest: Manifest, flavour: Backend['flavour']) {
  const graphs = GRAPHS.flatMap((name) => {
    const graph = manifest.graphs[flavour][name];
    return [graph, ...(graph.next ?? [])];
  });
  const names = new Set(graphs.flatMap((graph) => graph.shards));
  const shards = manifest.shards.filter((shard) => names.has(shard.path));
  const described = graphs.flatMap(
    (graph) => graph.kernels ?? [graph, ...(graph.expand ? [graph.expand] : [])],
  );
  return [manifest.tokenizer, ...described, ...shards];
}

/**
 * Makes the sessions one after the other (two at once are refused). Those made are released when one fails.
 *
 * @param blobs the files by name
 * @param verbose ORT tells everything on the console, the placement of each node among it
 */
export async function createSessions(
  ort: Ort,
  backend: Backend,
  manifest: Manifest,
  blobs: ReadonlyMap<string, Blob>,
  onProgress: (progress: LoadProgress) => void,
  verbose: boolean,
): Promise<Sessions> {
  const made: Partial<Sessions> = {};
  const start = (name: (typeof GRAPHS)[number], done: number): GraphRef => {
    onProgress({ stage: 'compile', graph: name, done, total: GRAPHS.length });
    return manifest.graphs[backend.flavour][name];
  };
  const session = (graph: GraphRef) => createSession(ort, backend, graph, blobs, verbose);
  try {
    made.vision = await session(start('vision', 0));
    made.bridge = await session(start('bridge', 1));
    const graph = start('language', 2);
    const language = graph.kernels
      ? await openDecoder(manifest, graph.kernels.path, blobs)
      : await openLanguage(graph, session);
    return { vision: made.vision, bridge: made.bridge, language };
  } catch (cause) {
    await releaseSessions(made);
    throw cause;
  }
}

/** Frees sessions and what they hold on the device. */
export async function releaseSessions(sessions: Partial<Sessions>): Promise<void> {
  for (const session of Object.values(sessions)) await session.release();
}

const fileOf =
  (blobs: ReadonlyMap<string, Blob>) =>
  (path: string): Blob => {
    const blob = blobs.get(path);
    if (!blob) throw new Error(`${path} was not fetched.`);
    return blob;
  };

/** One graph, or several that go on from one another. */
async function openLanguage(
  graph: GraphRef,
  open: (graph: GraphRef) => Promise<InferenceSession>,
): Promise<Runner> {
  if (!graph.next) return open(graph);
  const made: InferenceSession[] = [];
  try {
    for (const part of [graph, ...graph.next]) made.push(await open(part));
  } catch (cause) {
    for (const session of made) await session.release();
    throw cause;
  }
  return new Chain(made);
}

async function openDecoder(
  manifest: Manifest,
  path: string,
  blobs: ReadonlyMap<string, Blob>,
): Promise<Decoder> {
  const file = fileOf(blobs);
  const listing = parseListing(JSON.parse(await file(path).text()));
  return Decoder.open(manifest, listing, file, wasmThreads());
}

async function createSession(
  ort: Ort,
  backend: Backend,
  graph: GraphRef,
  blobs: ReadonlyMap<string, Blob>,
  verbose: boolean,
): Promise<InferenceSession> {
  const file = fileOf(blobs);
  const read = async (path: string) => new Uint8Array(await file(path).arrayBuffer());
  const bytes = await read(graph.path);
  const externalData: { path: string; data: Uint8Array }[] = [];
  // Bytes, although ORT takes Blobs too and would read just the ranges that it needs: with those, making a
  // session of the CPU provider hung without an error in 7 of 10 loads (ORT 1.30, Chromium 156, busy machine).
  for (const path of graph.shards) externalData.push({ path, data: await read(path) });
  if (graph.expand) {
    const list = parseExpandList(JSON.parse(await file(graph.expand.path).text()));
    externalData.push({ path: EXPANDED, data: await expandWeights(list, file) });
  }
  return ort.InferenceSession.create(bytes, {
    // Options of the provider are heeded only in this form, not beside a plain name.
    executionProviders: [
      backend.flavour === 'webgpu' ? { name: 'webgpu', device: backend.device } : { name: 'wasm' },
    ],
    externalData,
    graphOptimizationLevel: 'all',
    logSeverityLevel: verbose ? 0 : 3,
  });
}
