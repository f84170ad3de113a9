"""An exported model on native ONNX Runtime: what the page runs, for evaluation and golden files."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from training.graphs.builder import Flavour
from training.graphs.expand import read_expanded

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Step:
    """logits [n,V], argmax [n], and the KV so far [P+S,2L,B,G,64]."""

    logits: Floats
    argmax: Ints
    past: Floats


def open_graph(folder: Path, graph: dict[str, Any]) -> ort.InferenceSession:
    """A graph of a manifest as a session, its expanded weights given to it."""
    options = ort.SessionOptions()
    options.log_severity_level = 3
    if graph["expand"]:
        weights = read_expanded(folder, graph["expand"]["path"])
        values = [ort.OrtValue.ortvalue_from_numpy(value) for value in weights.values()]
        options.add_external_initializers(list(weights), values)
    path = str(folder / graph["path"])
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


class ExportedModel:
    """The three graphs of one flavour. KV is kept time first in both, so callers need not know which."""

    def __init__(self, folder: Path, flavour: Flavour) -> None:
        self.manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
        self.flavour, self.folder = flavour, folder
        self._sessions: dict[str, ort.InferenceSession] = {}

    def _session(self, name: str) -> ort.InferenceSession:
        """vision, bridge or language, opened when it is first asked for."""
        if name not in self._sessions:
            self._sessions[name] = open_graph(
                self.folder, self.manifest["graphs"][self.flavour][name]
            )
        return self._sessions[name]

    @property
    def blocks(self) -> int:
        return len(self.manifest["crossAttention"]["layers"])

    def _kv_shape(self, length: int, batch: int) -> tuple[int, ...]:
        language = self.manifest["language"]
        return length, 2 * language["layers"], batch, language["kvHeads"], language["headSize"]

    def encode(self, pixels: Floats) -> Floats:
        """pixels [n,3,size,size] -> features [n,grid^2,width]."""
        return self._session("vision").run(["features"], {"pixels": pixels})[0]

    def media(self, features: Floats, grid: Floats, time: Floats) -> Floats:
        """features [F,N,width] -> keys and values of every block [1,2X,64,H]."""
        feeds = {"features": features, "grid": grid, "time": time}
        return self._session("bridge").run(["media"], feeds)[0]

    def latents(self, features: Floats, grid: Floats, time: Floats) -> Floats:
        """features [F,N,width] -> the resampler's output [64,M], from which `media` are made."""
        feeds = {"features": features, "grid": grid, "time": time}
        return self._session("bridge").run(["latents"], feeds)[0]

    def no_media(self) -> Floats:
        """What stands for media where there is none; its mask is zero."""
        cross = self.manifest["crossAttention"]
        latents = self.manifest["resampler"]["latents"]
        return np.zeros(
            (1, 2 * self.blocks, latents, cross["heads"] * cross["headSize"]), np.float32
        )

    def step(
        self,
        ids: Ints,
        media: Floats,
        mask: Floats,
        positions: Ints,
        past: Floats | None,
        pad: Ints | None,
        gates: float = 1.0,
    ) -> Step:
        """Runs ids [B,S] after `past`; logits at the flat positions.

        Raises:
            ValueError: left padding with the in-place flavour, which has none.
        """
        batch = ids.shape[0]
        kv = np.zeros(self._kv_shape(0, batch), np.float32) if past is None else past
        feeds: dict[str, NDArray[Any]] = {
            "ids": ids,
            "media": media,
            "media_mask": mask,
            "gates": np.full((self.blocks, 2), gates, np.float32),
            "positions": positions,
        }
        language = self._session("language")
        if self.flavour == "wasm":
            feeds |= {"past": kv, "pad": np.zeros(batch, np.int32) if pad is None else pad}
            logits, argmax, new = language.run(["logits", "argmax", "present"], feeds)
            return Step(logits, argmax, np.concatenate([kv, new]))
        if pad is not None and pad.any():
            raise ValueError("the webgpu flavour has no left padding")
        total = kv.shape[0] + ids.shape[1]
        feeds["seqlens_k"] = np.full(batch, total - 1, np.int32)
        feeds["total_length"] = np.array([total], np.int32)
        static = self._static(kv, batch, total)
        feeds |= {f"past.{name}": value for name, value in static.items()}
        names = ["logits", "argmax", *(f"present.{name}" for name in static)]
        logits, argmax, *present = language.run(names, feeds)
        rows = [value[:, :, :total].transpose(2, 0, 1, 3) for value in present]
        return Step(logits, argmax, np.ascontiguousarray(np.stack(rows, axis=1)))

    def _static(self, kv: Floats, batch: int, capacity: int) -> dict[str, Floats]:
        """Preallocated KV [B,G,C,64] by name, filled with what is there."""
        language = self.manifest["language"]
        shape = (batch, language["kvHeads"], capacity, language["headSize"])
        static = {}
        for row in range(2 * language["layers"]):
            buffer = np.zeros(shape, np.float32)
            buffer[:, :, : kv.shape[0]] = kv[:, row].transpose(1, 2, 0, 3)
            static[f"{row // 2}.{('key', 'value')[row % 2]}"] = buffer
        return static
