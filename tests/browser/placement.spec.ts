/** Where ONNX Runtime runs each node on WebGPU: a node that falls to the CPU costs two copies a run. */
import { expect, test } from 'vitest';
import { ASK_PAGE } from '../../tools/ask/session.mjs';
import { withBrowser } from '../support/browser.ts';
import { MODEL, value } from '../support/tiny.ts';

const browser = withBrowser();

/** What makes up the time of a run. Shapes and token numbers may well be computed on the CPU. */
const HEAVY =
  /^(Conv|FusedConv|MatMul|MatMulNBits|Gemm|Gelu|Softmax|.*Normalization|.*Attention|RotaryEmbedding)$/;

interface Placement {
  provider: string;
  count: number;
  /** Operators by name; empty where ORT says only that all nodes of a graph are on one provider. */
  operators: string[];
}

/** Reads the placement reports out of ONNX Runtime's verbose log. */
function placements(log: string[]): Placement[] {
  const found: Placement[] = [];
  for (const line of log) {
    const [, provider, count] =
      /(?:placed on|All nodes placed on) \[(\w+)\]\. Number of nodes: (\d+)/.exec(line) ?? [];
    if (provider) found.push({ provider, count: Number(count), operators: [] });
    const [, operator] = /VerifyEachNodeIsAssignedToAnEp\] {3}(\w+) \(/.exec(line) ?? [];
    if (operator) found.at(-1)?.operators.push(operator);
  }
  return found;
}

test('convolutions, products, normalisation and attention run on the GPU', async () => {
  browser.expectErrors(/onnxruntime/); // Its log goes to the console as errors, whatever the severity.
  const page = await browser.openPage(ASK_PAGE);
  const log: string[] = [];
  page.on('console', (message) => log.push(message.text()));
  const result = await page.evaluate((request) => window.flamingo.load(request), {
    modelUrl: new URL(MODEL, browser.url).href,
    backend: 'webgpu' as const,
    verbose: true,
  });
  value(result);

  const found = placements(log);
  const onGpu = found.filter(({ provider }) => provider === 'WebGpuExecutionProvider');
  const elsewhere = found.filter(({ provider }) => provider !== 'WebGpuExecutionProvider');
  // One report for each graph, or the log is not what this test reads.
  expect(onGpu).toHaveLength(3);
  expect(log.filter((line) => line.includes('Node placements'))).toHaveLength(3);
  for (const { count, operators } of elsewhere) {
    expect(operators).toHaveLength(count);
    expect(operators.filter((operator) => HEAVY.test(operator))).toEqual([]);
  }
  // Most of the work is there at all, and named.
  expect(onGpu.flatMap(({ operators }) => operators)).toEqual(
    expect.arrayContaining(['MatMulNBits', 'GroupQueryAttention', 'MultiHeadAttention']),
  );
  expect(onGpu.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThan(
    10 * elsewhere.reduce((sum, { count }) => sum + count, 0),
  );
});
