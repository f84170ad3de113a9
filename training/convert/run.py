"""A converted model on native ONNX Runtime: pixels and ids in, logits and answers out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.evaluation.beam import Beams, grow
from training.runtime import ExportedModel, Floats, Ints, open_graph

BEAMS = 3


def time_rows(frames: int, rows: int) -> Floats:
    """Frame i takes row i: f32 [frames,rows].

    Raises:
        ValueError: more frames than learned times.
    """
    if frames > rows:
        raise ValueError(f"{frames} frames are more than the {rows} that the model knows")
    return np.eye(frames, rows, dtype=np.float32)


class Chain:
    """Graphs that go on from one another, as one session; what `ExportedModel` uses of a session."""

    def __init__(self, folder: Path, graphs: list[dict[str, Any]]) -> None:
        self.sessions = [open_graph(folder, graph) for graph in graphs]

    def run(self, names: Sequence[str], feeds: dict[str, Any]) -> list[Any]:
        """Feeds and outputs are spread over the graphs by their names."""
        found: dict[str, Any] = {}
        for session in self.sessions:
            known = {**feeds, **found, "hidden": found.get("continued")}
            inputs = {i.name: known[i.name] for i in session.get_inputs()}
            outputs = [o.name for o in session.get_outputs()]
            found |= dict(zip(outputs, session.run(outputs, inputs), strict=True))
        return [found[name] for name in names]


class ConvertedModel(ExportedModel):
    """Media are given as pixels [F,3,size,size], one array an item."""

    def _session(self, name: str) -> Any:
        graph = self.manifest["graphs"][self.flavour][name]
        if name not in self._sessions and "next" in graph:
            self._sessions[name] = Chain(self.folder, [graph, *graph["next"]])
        return super()._session(name)

    def media_of(self, frames: Floats) -> Floats:
        """Keys and values of one item [1,2X,latents,H].

        Raises:
            ValueError: a clip for a model that knows no times.
        """
        features = self.encode(frames)
        feeds = {"features": features}
        rows = self.manifest["resampler"]["temporal"]
        if rows:
            feeds["time"] = time_rows(len(frames), rows)
        elif len(frames) > 1:
            raise ValueError("this model was not trained on clips: give pictures one by one")
        return self._session("bridge").run(["media"], feeds)[0]

    def prompt(self, ids: Sequence[int], items: Sequence[Floats]) -> tuple[Ints, Floats, Floats]:
        """ids [1,S], media [T,...] and mask [1,S,T] of a prompt.

        Raises:
            ValueError: not as many pictures as the ids stand for.
        """
        tokens = self.manifest["tokens"]
        row = np.array([ids], np.int32)
        seen = np.cumsum(row == tokens["image"], axis=1)[0]
        if seen[-1] != len(items):
            raise ValueError(f"the ids stand for {seen[-1]} pictures, {len(items)} were given")
        media = [self.media_of(item) for item in items] or [self.no_media()]
        places = np.arange(1, len(media) + 1)
        all_ = self.manifest["crossAttention"]["media"] == "all"
        mask = seen[:, None] >= places if all_ else seen[:, None] == places
        return row, np.concatenate(media), mask[None].astype(np.float32)

    def logits(self, ids: Sequence[int], items: Sequence[Floats]) -> Floats:
        """Of every position [S,V]."""
        row, media, mask = self.prompt(ids, items)
        every = np.arange(row.size, dtype=np.int32)
        return self.step(row, media, mask, every, None, None).logits

    def greedy(self, ids: Sequence[int], items: Sequence[Floats], longest: int) -> list[int]:
        """The likeliest token each time, up to end-of-chunk, which is left out."""
        row, media, mask = self.prompt(ids, items)
        end, out = self.manifest["tokens"]["endOfChunk"], []
        last = np.array([row.size - 1], np.int32)
        step = self.step(row, media, mask, last, None, None)
        one = np.zeros(1, np.int32)
        while int(step.argmax[0]) != end and len(out) < longest:
            out.append(int(step.argmax[0]))
            ids_ = step.argmax[None].astype(np.int32)
            step = self.step(ids_, media, mask[:, -1:], one, step.past, None)
        return out

    def beam(self, ids: Sequence[int], items: Sequence[Floats], longest: int) -> list[int]:
        """The best of three hypotheses, length penalty 0."""
        row, media, mask = self.prompt(ids, items)
        end = self.manifest["tokens"]["endOfChunk"]
        last = np.array([row.size - 1], np.int32)
        step = self.step(row, media, mask, last, None, None)
        state = grow(Beams(), _log_softmax(step.logits), BEAMS, end)
        past = np.repeat(step.past, BEAMS, axis=2)
        look = np.repeat(mask[:, -1:], BEAMS, axis=0)
        rows = np.arange(BEAMS, dtype=np.int32)
        for _ in range(longest - 1):
            if state.decided:
                break
            ids_ = np.array([[h.tokens[-1]] for h in state.alive], np.int32)
            step = self.step(ids_, media, look, rows, past, None)
            state = grow(state, _log_softmax(step.logits), BEAMS, end)
            past = step.past[:, :, [h.parent for h in state.alive]]
        return list(state.best.tokens)


def _log_softmax(logits: Floats) -> Floats:
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
