/** From a request to a prompt whose pictures are encoded. */
import type { Language } from './language.ts';
import { mediaKey } from './media.ts';
import type { Model } from './model.ts';
import type { Tensor } from './ort.ts';
import { locating } from './place.ts';
import type { Held } from './prefix.ts';
import { checkLength, layOut, type TokenPrompt } from './prompt.ts';
import type { GenerateEvent, Prompt } from './protocol.ts';
import type { Stopwatch } from './timings.ts';
import { nextTurn } from './turn.ts';
import { MediaViews } from './views.ts';

/** What every stage of a request gets. */
export interface Task {
  stopwatch: Stopwatch;
  /** Aborted by `cancel`; stages throw its reason. */
  signal: AbortSignal;
  onEvent: (event: GenerateEvent) => void;
}

/** A prompt ready for the language model. `views` is to be disposed. */
export interface Prepared {
  prompt: TokenPrompt;
  /** What the KV will hold after the prompt. */
  wanted: Held;
  language: Language;
  views: MediaViews;
}

/**
 * Lays the prompt out and encodes the pictures not seen before.
 *
 * @param room tokens that must fit behind the prompt
 * @throws {Failure} `prompt-empty`, `prompt-too-long`, `image-decode`, `image-too-large`; the signal's reason
 */
export async function prepare(
  model: Model,
  request: Prompt & { gates?: number },
  room: number,
  { stopwatch, signal, onEvent }: Task,
): Promise<Prepared> {
  const { manifest, tokenizer } = model;
  const prompt = layOut(request, manifest.tokens, (text) => tokenizer.encode(text));
  checkLength(prompt, room, manifest.language.context);
  stopwatch.count('promptTokens', prompt.ids.length);
  stopwatch.count('media', prompt.items.length);

  const keys = await Promise.all(
    prompt.items.map((source, i) => locating(request, i, mediaKey(source))),
  );
  const media: Tensor[] = [];
  for (const [i, source] of prompt.items.entries()) {
    onEvent({ type: 'stage', stage: 'encode', done: i, total: prompt.items.length });
    const key = keys[i] ?? '';
    if (model.media.has(key)) {
      media.push(await model.media.get(key, source));
      continue;
    }
    await nextTurn();
    signal.throwIfAborted();
    const encoding = () => locating(request, i, model.media.get(key, source));
    media.push(await stopwatch.time('encode', encoding));
    stopwatch.count('mediaEncoded', 1);
  }

  const gates = request.gates ?? 1;
  return {
    prompt,
    wanted: { ids: prompt.ids, media: prompt.media.map((item) => keys[item] ?? ''), gates },
    language: model.language(gates),
    views: new MediaViews(manifest, model.memory, media, model.noMedia),
  };
}
