/** Runs in the page of `vision.spec.ts`: a photo through the worker's own preparation and the default model's encoder. */
import * as ort from 'onnxruntime-web/wasm';
import { parseManifest } from '../../workers/parse-manifest.ts';
import { preprocess } from '../../workers/vision/preprocess.ts';

const MODEL = '/models/flamingo-smollm2-135m/';

async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}.`);
  return response;
}

async function open() {
  const manifest = parseManifest(await (await get(`${MODEL}manifest.json`)).json());
  const { path, shards } = manifest.graphs.wasm.vision;
  const graph = await (await get(MODEL + path)).arrayBuffer();
  const load = async (shard: string) => ({
    path: shard,
    data: new Uint8Array(await (await get(MODEL + shard)).arrayBuffer()),
  });
  const externalData = await Promise.all(shards.map(load));
  const session = await ort.InferenceSession.create(graph, { externalData });
  return { manifest, session };
}

let opened: ReturnType<typeof open> | undefined;

/** Features of some places of the photo's first tile, one place after the other. */
export async function encodePhoto(photo: string, places: number[]): Promise<number[]> {
  opened ??= open();
  const { manifest, session } = await opened;
  const { size, width } = manifest.vision;
  const blob = await (await get(photo)).blob();
  const input = await preprocess({ type: 'image', blob }, manifest.vision, manifest.resampler);
  const pixels = new ort.Tensor('float32', input.pixels, [input.tiles, 3, size, size]);
  const { features } = await session.run({ pixels });
  if (!(features?.data instanceof Float32Array)) throw new Error('The encoder gave no features.');
  const { data } = features;
  return places.flatMap((place) => Array.from(data.subarray(place * width, (place + 1) * width)));
}
