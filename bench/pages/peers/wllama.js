/** wllama on the GGUF, text only. Times are llama.cpp's own, without what JavaScript adds. */
import { LoggerWithoutDebug, Wllama } from '@wllama/wllama';
import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';

/** @type {Wllama | undefined} */
let loaded;

/** @type {import('../contenders.ts').WllamaPage} */
const api = {
  async load(url, backend) {
    const start = performance.now();
    const wllama = new Wllama(
      { default: wasmUrl },
      { logger: LoggerWithoutDebug, suppressNativeLog: true },
    );
    await wllama.loadModelFromUrl(url, {
      n_ctx: 2560,
      n_threads: navigator.hardwareConcurrency,
      n_gpu_layers: backend === 'wasm' ? 0 : 999,
    });
    loaded = wllama;
    return performance.now() - start;
  },

  async text(prompt, steps) {
    if (!loaded) throw new Error('Load first.');
    const { timings } = await loaded.createCompletion({
      prompt,
      max_tokens: steps,
      temperature: 0,
      // It must not end before.
      logit_bias: { 0: -100, 1: -100, 2: -100 },
    });
    if (!timings || timings.predicted_n < steps) {
      throw new Error(`wllama wrote ${timings?.predicted_n} of ${steps} tokens.`);
    }
    return {
      tokens: timings.prompt_n,
      prompt: timings.prompt_ms,
      decode: timings.predicted_ms / timings.predicted_n,
    };
  },
};

window.wllama = api;
