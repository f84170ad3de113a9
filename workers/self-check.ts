/**
 * Does this GPU compute what it should? Each graph of a small model runs once over fixed numbers, and what comes out
 * is compared with values that ONNX Runtime computed on a CPU (`training/goldens/self_check.py`). Drivers with faults
 * give no error, only nonsense.
 */
import { get, set } from 'idb-keyval';
import type { Backend } from './backend.ts';
import { Failure } from './failure.ts';
import { mediaDims } from './media.ts';
import type { Model } from './model.ts';
import type { Tensor } from './ort.ts';
import type { LoadProgress } from './protocol.ts';
import known from './self-check.json';
import { Database } from './weights/database.ts';

/** Largest deviation, as a share of the largest known value: right GPUs stay below 1e-4, known faults are above 2e-2. */
const TOLERANCE = 5e-3;
/** Enough for the kernels that take many queries at once. */
const PROMPT = 40;

/**
 * Checks a GPU at its first load in this browser version; later loads trust that.
 *
 * @param open loads the small model on the backend
 * @throws {Failure} `self-check` with the name of the GPU and of the graph
 */
export async function selfCheck(
  backend: Backend,
  open: () => Promise<Model>,
  onProgress: (progress: LoadProgress) => void,
): Promise<void> {
  if (backend.flavour === 'wasm') return;
  // Where nothing can be stored it is checked at each load.
  const verdicts = new Database('flamingo-adapters', () => {});
  const name = `${backend.info.adapter} | ${navigator.userAgent}`;
  if ((await verdicts.attempt((store) => get<unknown>(name, store))) === 'good') return;
  const model = await open();
  try {
    onProgress({ stage: 'self-check' });
    for (const [graph, values] of await compute(model)) {
      const deviation = compare(values, known[graph]);
      if (deviation <= TOLERANCE) continue;
      throw new Failure(
        'self-check',
        `This GPU (${backend.info.adapter}) computes wrong values, so its answers would be nonsense: use the processor instead (WASM), or update the graphics driver and the browser.`,
        { detail: `${graph} deviates by ${deviation.toPrecision(2)}` },
      );
    }
  } finally {
    await model.close();
  }
  await verdicts.attempt((store) => set(name, 'good', store));
}

type Graph = keyof typeof known;

async function compute(model: Model): Promise<[Graph, Float32Array][]> {
  const { ort, manifest, sessions, kv } = model;
  const { vision, resampler, language } = manifest;
  const tensor = (dims: number[]) =>
    new ort.Tensor('float32', pattern(dims.reduce((product, dim) => product * dim, 1)), dims);
  const cells = vision.grid ** 2;
  const { features } = await sessions.vision.run({
    pixels: tensor([1, 3, vision.size, vision.size]),
  });
  const bridged = await sessions.bridge.run(
    {
      features: tensor([1, cells, vision.width]),
      grid: tensor([cells, cells]),
      time: tensor([1, resampler.temporal]),
    },
    ['media'],
  );
  const reader = model.language(1);
  const items = tensor(mediaDims(manifest, 1));
  const media = { items: [items], joined: () => items };
  const run = async (count: number, offset: number) => {
    const ids = Array.from(
      { length: count },
      (_, i) => (7 * (i + offset) + 3) % language.vocabulary,
    );
    const mask = new Float32Array(count).fill(1);
    const [row] = await reader.logits(kv, { ids, media, mask, positions: [count - 1] });
    return row ?? new Float32Array();
  };
  return [
    ['vision', floats(features)],
    ['bridge', floats(bridged.media)],
    ['prompt', await run(PROMPT, 0)],
    ['step', await run(1, PROMPT)],
  ];
}

/** Numbers from -1 to 1 that are exactly the same everywhere. */
function pattern(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => ((37 * i + 11) % 101) / 50 - 1);
}

function floats(tensor: Tensor | undefined): Float32Array {
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error('A graph gave no floats.');
}

/** Largest deviation of evenly spread samples, as a share of the largest known value; infinite for NaN. */
export function compare(values: Float32Array, samples: readonly number[]): number {
  let deviation = 0;
  for (const [i, wanted] of samples.entries()) {
    const got = values[Math.floor((i * values.length) / samples.length)] ?? Number.NaN;
    const error = Math.abs(got - wanted);
    deviation = Math.max(deviation, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  return deviation / Math.max(...samples.map(Math.abs));
}
