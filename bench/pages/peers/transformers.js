/** transformers.js on the same weights in its layout, text only. */
import { AutoModelForCausalLM, env, Tensor } from '@huggingface/transformers';
import { words } from '../prompts.ts';

/** @type {import('@huggingface/transformers').PreTrainedModel | undefined} */
let loaded;
let asked = 0;

env.allowRemoteModels = false;
env.allowLocalModels = true;
env.useBrowserCache = false;

/** @type {import('../contenders.ts').TransformersPage} */
const api = {
  async load(folder, backend, wasmPath) {
    if (!env.backends.onnx.wasm) throw new Error('transformers.js has no WASM backend here.');
    env.backends.onnx.wasm.wasmPaths = wasmPath;
    env.backends.onnx.wasm.numThreads = navigator.hardwareConcurrency;
    env.localModelPath = folder.slice(0, folder.lastIndexOf('/') + 1);
    loaded = await AutoModelForCausalLM.from_pretrained(folder.slice(folder.lastIndexOf('/') + 1), {
      device: backend,
      dtype: backend === 'wasm' ? 'fp32' : 'q4',
      use_external_data_format: true,
    });
  },

  async text(promptTokens, steps) {
    if (!loaded) throw new Error('Load first.');
    const ids = words(9000 + asked++, promptTokens, 49152);
    const int64 = (/** @type {number[]} */ values) =>
      new Tensor('int64', BigInt64Array.from(values, BigInt), [1, values.length]);
    /** @type {number[]} */
    const times = [];
    const start = performance.now();
    await loaded.generate({
      inputs: int64(ids),
      attention_mask: int64(ids.map(() => 1)),
      max_new_tokens: steps + 1,
      do_sample: false,
      streamer: { put: () => times.push(performance.now()), end: () => {} },
    });
    // The first call to `put` brings the prompt itself.
    const [, first = start, ...rest] = times;
    if (rest.length < steps) throw new Error(`transformers.js wrote ${rest.length} of ${steps}.`);
    return { prompt: first - start, decode: ((rest.at(-1) ?? first) - first) / rest.length };
  },
};

window.transformers = api;
