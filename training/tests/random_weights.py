"""Random decoders in the frozen format, for tests that need no real weights."""

import numpy as np

from training.config import LanguageConfig
from training.frozen.smollm2 import BLOCK, Q4_1, Q8_0, LlamaLayer, LlamaWeights


def random_llama(config: LanguageConfig, seed: int = 0) -> LlamaWeights:
    """A decoder of any shape whose widths are multiples of the block size."""
    rng = np.random.default_rng(seed)

    def q4(rows: int, columns: int) -> Q4_1:
        d = np.full((rows, columns // BLOCK), 0.5 / columns**0.5, np.float16)
        q = rng.integers(0, 16, (rows, columns)).astype(np.uint8)
        return Q4_1(q, d, (-7.5 * d).astype(np.float16))

    width, size = config.width, config.head_size
    layers = tuple(
        LlamaLayer(
            attn_norm=np.ones(width, np.float32),
            q=q4(config.heads * size, width),
            k=q4(config.kv_heads * size, width),
            v=q4(config.kv_heads * size, width),
            o=q4(width, config.heads * size),
            ffn_norm=np.ones(width, np.float32),
            gate=q4(config.ffw, width),
            up=q4(config.ffw, width),
            down=q4(width, config.ffw),
        )
        for _ in range(config.layers)
    )
    rows = (config.vocabulary, width)
    embedding = Q8_0(
        rng.integers(-127, 128, rows).astype(np.int8),
        np.full((config.vocabulary, width // BLOCK), 1 / 127, np.float16),
    )
    return LlamaWeights(config, embedding, layers, np.ones(width, np.float32))
