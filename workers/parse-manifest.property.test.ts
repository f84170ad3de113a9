/** Whatever a server calls a manifest is refused with a sentence, or safe to use. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CASES, damaged } from '../tests/support/mutate.ts';
import { Failure } from './failure.ts';
import { parseManifest } from './parse-manifest.ts';

const good: unknown = JSON.parse(
  readFileSync(new URL('../public/models/tiny-random/manifest.json', import.meta.url), 'utf8'),
);

test('a damaged manifest is refused, or has nothing but plain names and sane sizes', () => {
  let [refused, taken] = [0, 0];
  fc.assert(
    fc.property(damaged(good), (json) => {
      try {
        const manifest = parseManifest(json);
        taken++;
        const { tokenizer, graphs, shards, language, tokens } = manifest;
        const parts = [...Object.values(graphs.webgpu), ...Object.values(graphs.wasm)];
        for (const { path, bytes, sha256 } of [tokenizer, ...parts, ...shards]) {
          expect(new URL(path, 'http://here/models/m/').href).toBe(`http://here/models/m/${path}`);
          expect(bytes).toBeGreaterThan(0);
          expect(sha256).toMatch(/^[0-9a-f]{64}$/);
        }
        expect(Math.max(tokens.image, tokens.endOfChunk)).toBeLessThan(language.vocabulary);
        // What passed once passes again, unchanged.
        expect(parseManifest(manifest)).toEqual(manifest);
      } catch (cause) {
        if (!(cause instanceof Failure)) throw cause;
        refused++;
        expect(cause.code).toBe('bad-manifest');
        expect(cause.message).toMatch(/^The model's manifest\.json cannot be used: .{5,400}\.$/s);
      }
    }),
    { numRuns: CASES },
  );
  expect(refused).toBeGreaterThan(CASES / 2);
  expect(taken).toBeGreaterThan(0);
});
