/** The runtime's own parts up to the logits behind a prompt, which the worker's interface does not give. */
import * as Comlink from 'comlink';
import type { LinkedPrompt, LinkedSegment } from '../../../tools/ask/page.ts';
import { loadModel } from '../../../workers/load.ts';
import type { Model } from '../../../workers/model.ts';
import { prefill } from '../../../workers/prefill.ts';
import { prepare } from '../../../workers/prepare.ts';
import type { BackendChoice, Segment } from '../../../workers/protocol.ts';
import { Stopwatch } from '../../../workers/timings.ts';
import { ModelStorage } from '../../../workers/weights/storage.ts';

let model: Model | undefined;

async function segment(linked: LinkedSegment): Promise<Segment> {
  const blob = async (url: string) => (await fetch(url)).blob();
  if (linked.type === 'image') return { type: 'image', blob: await blob(linked.url) };
  if (linked.type === 'text') return linked;
  return { type: 'frames', blobs: await Promise.all(linked.urls.map(blob)) };
}

const chunk = (segments: LinkedSegment[]) => Promise.all(segments.map(segment));

const api = {
  async load(modelUrl: string, backend: BackendChoice): Promise<void> {
    const { signal } = new AbortController();
    const loading = { storage: new ModelStorage(), signal, onProgress: () => {} };
    model = await loadModel({ modelUrl, backend }, loading);
  },

  /** All logits behind the prompt's last token. */
  async logits({ examples, prompt }: LinkedPrompt, gates: number): Promise<number[]> {
    if (!model) throw new Error('Load first.');
    const { kv } = model;
    const task = {
      stopwatch: new Stopwatch(),
      signal: new AbortController().signal,
      onEvent: () => {},
    };
    const request = {
      examples: await Promise.all(examples.map(chunk)),
      prompt: await chunk(prompt),
      gates,
    };
    const prepared = await prepare(model, request, 1, task);
    const [logits] = await prefill(model, prepared, task, (step) =>
      prepared.language.logits(kv, step),
    );
    prepared.views.dispose();
    return Array.from(logits ?? []);
  },
};

export type LogitsApi = typeof api;

Comlink.expose(api);
