"""The shipped language model in PyTorch, read from the bytes of a model folder, with keys and values kept.

ONNX Runtime's graphs attend to all media of a batch and copy every key and value at each step, as the page
needs it for one prompt. Here each token attends to the 64 keys of its own picture, keys and values are
written in place, and the candidates of a ranking share their prompt's. A test holds both to the same answers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training.config import BANNED_LOGIT, CrossAttentionConfig, FlamingoConfig
from training.evaluation.linear import Linear
from training.graphs.expand import read_expanded
from training.model.attention import attend, merge_heads, split_heads
from training.model.chunks import Chunks
from training.model.language import rotate
from training.shipped import load_bridge, read_floats

_NORM_EPS = 1e-5
# Logits of this many positions at a time: 49,154 floats each.
_POSITIONS = 512
# (layer, new keys, new values) -> all that the layer's queries may look at.
Extend = Callable[[int, Tensor, Tensor], tuple[Tensor, Tensor]]


@dataclass
class State:
    """Left-padded prompts that were read: what answers go on from.

    `keys`, `values`: a layer's buffer [B,G,C,size] each, filled below `length`; `pad` [B];
    `media`: a block's keys and values [B,heads,64,size] of each row's last picture; `hidden` [B,D] at the end.
    """

    keys: list[Tensor]
    values: list[Tensor]
    length: int
    pad: Tensor
    media: list[tuple[Tensor, Tensor]]
    gates: float
    hidden: Tensor

    def rows(self, index: Tensor) -> "State":
        """The rows asked for, in that order, repeated where they are named twice."""
        return State(
            [key[index] for key in self.keys],
            [value[index] for value in self.values],
            self.length,
            self.pad[index],
            [(k[index], v[index]) for k, v in self.media],
            self.gates,
            self.hidden[index],
        )


class Language:
    """Decoder and gated cross-attention at fp32, as in the page."""

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        shape, cross = manifest["language"], manifest["crossAttention"]
        self.heads = cross["heads"]
        self.query_heads, self.kv_heads, self.size = (
            shape[name] for name in ("heads", "kvHeads", "headSize")
        )
        self.layers, self.context = shape["layers"], shape["context"]
        self.block_at = {layer: i for i, layer in enumerate(cross["layers"])}

        graph = manifest["graphs"]["wasm"]["language"]
        self.floats = {
            name: torch.from_numpy(value.copy())
            for name, value in read_floats(folder, graph["path"]).items()
        }
        expanded = read_expanded(folder, graph["expand"]["path"])
        tables = sorted(
            (int(name.partition(".")[2]), name) for name in expanded if name.startswith("embedding")
        )
        self.embedding = torch.from_numpy(np.concatenate([expanded[n].T for _, n in tables]))
        self.head = Linear(self.embedding)
        self.linears = {
            name: Linear(torch.from_numpy(value.T))
            for name, value in expanded.items()
            if name.startswith("layers.")
        }
        layers = CrossAttentionConfig(layers=tuple(cross["layers"]))
        bridge = load_bridge(folder, replace(FlamingoConfig(), cross_attention=layers))
        for name, value in bridge.items():
            if name.startswith("blocks.") and value.ndim == 2:
                self.linears[name.removesuffix(".weight")] = Linear(value)
            elif name.startswith(("blocks.", "new_")):
                self.floats[name] = value

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight = self.floats[name]
        return F.rms_norm(x, weight.shape, weight, _NORM_EPS)

    def _layer_norm(self, x: Tensor, name: str) -> Tensor:
        weight = self.floats[f"{name}.weight"]
        return F.layer_norm(x, weight.shape, weight, self.floats[f"{name}.bias"])

    def _embed(self, ids: Tensor) -> Tensor:
        vocabulary = len(self.embedding)
        old = F.embedding(ids.clamp(max=vocabulary - 1), self.embedding)
        new = F.embedding((ids - vocabulary).clamp(min=0), self.floats["new_tokens"])
        return torch.where((ids >= vocabulary)[..., None], new, old)

    def _media(self, latents: Tensor, block: int) -> tuple[Tensor, Tensor]:
        """latents [U,64,M] -> keys and values [U,heads,64,size] of a block."""
        both = self.linears[f"blocks.{block}.attn.to_kv"](latents)
        keys, values = both.chunk(2, dim=-1)
        return split_heads(keys, self.heads), split_heads(values, self.heads)

    def _block(
        self,
        x: Tensor,
        block: int,
        keys: Tensor,
        values: Tensor,
        chunks: Chunks | None,
        gates: float,
    ) -> Tensor:
        """x [B,S,D] after the gated block; without chunks all tokens of a row look at keys [B,…]."""
        name = f"blocks.{block}"
        opened = [gates * float(self.floats[f"{name}.{k}_gate"].tanh()) for k in ("attn", "ff")]
        queries = self.linears[f"{name}.attn.to_q"](self._layer_norm(x, f"{name}.attn.norm"))
        if chunks is None:
            out = merge_heads(attend(split_heads(queries, self.heads), keys, values))
        else:
            q = split_heads(chunks.gather(queries), self.heads)
            seen = attend(q, keys[chunks.media], values[chunks.media])
            out = chunks.scatter(merge_heads(seen), x.shape)
        x = x + opened[0] * self.linears[f"{name}.attn.to_out"](out)
        wide = self.linears[f"{name}.ff.1"](self._layer_norm(x, f"{name}.ff.0"))
        return x + opened[1] * self.linears[f"{name}.ff.3"](F.gelu(wide))

    def _layer(
        self, x: Tensor, layer: int, rope: tuple[Tensor, Tensor], visible: Tensor, extend: Extend
    ) -> Tensor:
        """x [B,S,D] -> [B,S,D]; visible bool [B or 1,1,S,P+S]; `extend` puts the past before keys and values."""
        name = f"layers.{layer}"
        widths = [n * self.size for n in (self.query_heads, self.kv_heads, self.kv_heads)]
        fused = self.linears[f"{name}.qkv"](self._norm(x, f"{name}.attn_norm"))
        q, k, v = fused.split(widths, dim=-1)
        q = rotate(split_heads(q, self.query_heads), *rope)
        k = rotate(split_heads(k, self.kv_heads), *rope)
        keys, values = extend(layer, k, split_heads(v, self.kv_heads))
        # Grouped queries: the heads of a group are further rows against its one key/value head.
        group = self.query_heads // self.kv_heads
        grouped = q.unflatten(1, (self.kv_heads, group)).flatten(2, 3)
        mixed = attend(grouped, keys, values, visible.repeat(1, 1, group, 1))
        mixed = mixed.unflatten(2, (group, -1)).flatten(1, 2)
        x = x + self.linears[f"{name}.o"](merge_heads(mixed))
        wide = self.linears[f"{name}.gate_up"](self._norm(x, f"{name}.ffn_norm"))
        gate, up = wide.chunk(2, dim=-1)
        return x + self.linears[f"{name}.down"](F.silu(gate) * up)

    def _rope(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        """cos and sin [S,size] of columns; keys are rotated as queries are, so padding shifts nothing."""
        return tuple(  # type: ignore[return-value]
            torch.cat([self.floats[f"rope.{name}"][positions]] * 2, dim=-1)
            for name in ("cos", "sin")
        )

    def read(
        self,
        ids: Tensor,
        pad: Tensor,
        latents: Tensor,
        chunks: Chunks,
        last: Tensor,
        room: int,
        gates: float,
    ) -> State:
        """Reads prompts ids [B,S] padded on the left; `last` [B] is each row's last picture among the latents.

        `room` is how many tokens may be appended.

        Raises:
            ValueError: prompt and answer are longer than the model's context.
        """
        rows, length = ids.shape
        if length + room > self.context:
            raise ValueError(
                f"{length} + {room} tokens are more than the context of {self.context}"
            )
        columns = torch.arange(length)
        causal = columns <= columns[:, None]
        # A padding row sees itself, so that its softmax is over something.
        visible = (causal & (columns >= pad[:, None, None])) | torch.eye(length, dtype=torch.bool)
        rope = self._rope(columns)
        x = self._embed(ids)
        shape = (rows, self.kv_heads, length + room, self.size)
        keys = [torch.empty(shape) for _ in range(self.layers)]
        values = [torch.empty_like(key) for key in keys]
        media = []

        def extend(layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
            keys[layer][:, :, :length], values[layer][:, :, :length] = key, value
            return key, value

        for i in range(self.layers):
            if i in self.block_at:
                block = self.block_at[i]
                seen = self._media(latents, block)
                x = self._block(x, block, *seen, chunks, gates)
                media.append((seen[0][last], seen[1][last]))
            x = self._layer(x, i, rope, visible[:, None], extend)
        return State(keys, values, length, pad, media, gates, x[:, -1])

    def _follow(
        self, state: State, ids: Tensor, rope: tuple[Tensor, Tensor], among: Tensor, extend: Extend
    ) -> Tensor:
        """Tokens ids [B,N] after the prompts -> hidden [B,N,D]; `among` bool [B or 1,N,N] says which see which."""
        rows, count = ids.shape
        prompt = (torch.arange(state.length) >= state.pad[:, None, None]).expand(rows, count, -1)
        visible = torch.cat([prompt, among.expand(rows, -1, -1)], dim=-1)[:, None]
        x = self._embed(ids)
        for i in range(self.layers):
            if i in self.block_at:
                block = self.block_at[i]
                x = self._block(x, block, *state.media[block], None, state.gates)
            x = self._layer(x, i, rope, visible, extend)
        return x

    def step(self, state: State, ids: Tensor) -> None:
        """Appends one token to each row: ids [B]."""
        at, end = state.length, state.length + 1

        def extend(layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
            keys, values = state.keys[layer], state.values[layer]
            keys[:, :, at:end], values[:, :, at:end] = key, value
            return keys[:, :, :end], values[:, :, :end]

        rope = self._rope(torch.tensor([at]))
        one = torch.ones(1, 1, 1, dtype=torch.bool)
        state.hidden = self._follow(state, ids[:, None], rope, one, extend)[:, -1]
        state.length = end

    def logits(self, hidden: Tensor) -> Tensor:
        """hidden [n,D] -> logits [n,V+2]; `<image>` is never to be sampled."""
        x = self._norm(hidden, "norm")
        old = self.head(x)
        new = F.linear(x, self.floats["new_head"])
        new[:, 0] = BANNED_LOGIT
        return torch.cat([old, new], dim=-1)

    def score(self, state: State, answers: Sequence[Sequence[Sequence[int]]]) -> list[list[float]]:
        """Mean log-probability of each answer (token ids with their end) of each row; the state stays as it is.

        A row's answers lie side by side after its prompt, each blind to the others.
        """
        rows, width = len(answers), max(sum(len(a) for a in row) for row in answers)
        ids = torch.zeros(rows, width, dtype=torch.long)
        depth = torch.zeros(rows, width, dtype=torch.long)
        owner = torch.full((rows, width), -1)
        # Where the token after each slot is predicted, and which answer that token belongs to.
        slots: list[tuple[int, int, int, int]] = []
        for r, row in enumerate(answers):
            at = 0
            for number, answer in enumerate(row):
                for offset, token in enumerate(answer):
                    ids[r, at], depth[r, at], owner[r, at] = token, offset, number
                    if offset + 1 < len(answer):
                        slots.append((r, at, answer[offset + 1], number))
                    at += 1
        same = owner[:, :, None] == owner[:, None, :]
        among = same & (depth[:, None, :] <= depth[:, :, None])

        def extend(layer: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
            past = (state.keys[layer], state.values[layer])
            parts = zip(past, (key, value), strict=True)
            joined = [torch.cat([old[:, :, : state.length], new], dim=2) for old, new in parts]
            return joined[0], joined[1]

        cos, sin = self._rope(state.length + depth)
        hidden = self._follow(state, ids, (cos[:, None], sin[:, None]), among, extend)
        first = self.logits(state.hidden).log_softmax(-1)
        sums = [[float(first[r, answer[0]]) for answer in row] for r, row in enumerate(answers)]
        for start in range(0, len(slots), _POSITIONS):
            part = slots[start : start + _POSITIONS]
            row, at, token, _ = (torch.tensor(column) for column in zip(*part, strict=True))
            found = self.logits(hidden[row, at]).log_softmax(-1).gather(1, token[:, None])
            for (r, _, _, number), value in zip(part, found[:, 0].tolist(), strict=True):
                sums[r][number] += value
        return [
            [total / len(answer) for total, answer in zip(totals, row, strict=True)]
            for totals, row in zip(sums, answers, strict=True)
        ]
