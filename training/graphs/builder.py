"""A small builder over onnx.helper: one method an operator call, names made up as needed."""

from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import ArrayLike, NDArray
from onnx import TensorProto, helper, numpy_helper

from training.graphs.shards import Location, Part, Shards

Flavour = Literal["webgpu", "wasm"]
MICROSOFT = "com.microsoft"
_OPSET = 21
_IR_VERSION = 10
_TYPES = {
    "f32": TensorProto.FLOAT,
    "f16": TensorProto.FLOAT16,
    "i32": TensorProto.INT32,
    "i64": TensorProto.INT64,
    "u8": TensorProto.UINT8,
}
Shape = list[int | str]
EXPANDED = "expanded"
Stored = dict[str, Location]


def external_tensor(name: str, kind: int, dims: list[int], location: Location) -> onnx.TensorProto:
    """An initialiser whose bytes lie elsewhere."""
    tensor = TensorProto(name=name, data_type=kind, dims=dims)
    tensor.data_location = TensorProto.EXTERNAL
    for field, value in (
        ("location", location.shard),
        ("offset", location.offset),
        ("length", location.length),
    ):
        tensor.external_data.add(key=field, value=str(value))
    return tensor


class Builder:
    """Nodes and initialisers of one graph; weights go to the shards, small constants stay in the file."""

    def __init__(self, name: str, flavour: Flavour, shards: Shards) -> None:
        self.name, self.flavour, self.shards = name, flavour, shards
        self._nodes: list[onnx.NodeProto] = []
        self._initialisers: dict[str, onnx.TensorProto] = {}
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []
        # Weights that are expanded to fp32 at load, one after another in a file that exists in memory only.
        self.expansion: list[dict[str, Any]] = []
        self._expanded_bytes = 0

    def input(self, name: str, kind: str, shape: Shape) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, _TYPES[kind], shape))
        return name

    def output(self, value: str, name: str, kind: str, shape: Shape) -> None:
        self._nodes.append(helper.make_node("Identity", [value], [name], name=f"output/{name}"))
        self._outputs.append(helper.make_tensor_value_info(name, _TYPES[kind], shape))

    def outputs_directly(self, name: str, kind: str, shape: Shape) -> str:
        """Declares an output that an operator writes itself (in-place KV)."""
        self._outputs.append(helper.make_tensor_value_info(name, _TYPES[kind], shape))
        return name

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Adds a node with one output and returns its name."""
        return self.ops(kind, inputs, 1, domain, **attributes)[0]

    def ops(
        self, kind: str, inputs: tuple[str, ...], outputs: int, domain: str = "", **attributes: Any
    ) -> list[str]:
        """Adds a node with several outputs."""
        name = f"{kind}_{len(self._nodes)}"
        names = [f"{name}:{i}" for i in range(outputs)]
        self.node(kind, inputs, names, domain, **attributes)
        return names

    def node(
        self,
        kind: str,
        inputs: tuple[str, ...],
        outputs: list[str],
        domain: str = "",
        **attributes: Any,
    ) -> None:
        """Adds a node whose outputs are named by the caller."""
        name = f"{kind}_{len(self._nodes)}"
        self._nodes.append(
            helper.make_node(kind, list(inputs), outputs, name=name, domain=domain, **attributes)
        )

    def constant(self, value: ArrayLike, dtype: type = np.int64) -> str:
        """A small constant inside the graph file; equal ones are shared."""
        array = np.asarray(value, dtype)
        name = f"const/{array.dtype}/{'x'.join(map(str, array.shape))}/{array.tobytes().hex()}"
        if name not in self._initialisers:
            self._initialisers[name] = numpy_helper.from_array(array, name)
        return name

    def table(self, name: str, array: NDArray[Any]) -> str:
        """A larger constant inside the graph file."""
        self._initialisers[name] = numpy_helper.from_array(array, name)
        return name

    def number(self, value: float) -> str:
        return self.constant(value, np.float32)

    def weight(
        self,
        part: Part,
        name: str,
        array: NDArray[Any],
        kind: str,
        shape: list[int] | None = None,
        view: str = "",
    ) -> str:
        """An external initialiser; `view` tells apart two shapes of the same stored bytes."""
        location = self.shards.add(part, name, array)
        key = f"{name}{view}"
        if key not in self._initialisers:
            dims = shape or list(array.shape)
            self._initialisers[key] = external_tensor(key, _TYPES[kind], dims, location)
        return key

    def expanded(self, name: str, rows: int, columns: int, stored: Stored) -> str:
        """A quantised weight [rows,columns] as fp32 [columns,rows]; `stored` tells where q, d (and m) lie."""
        if name not in self._initialisers:
            shape, length = [columns, rows], rows * columns * 4
            location = Location(EXPANDED, self._expanded_bytes, length)
            self._initialisers[name] = external_tensor(name, _TYPES["f32"], shape, location)
            entry: dict[str, Any] = {"name": name, "rows": rows, "columns": columns, "m": None}
            entry |= {k: {"shard": at.shard, "offset": at.offset} for k, at in stored.items()}
            self.expansion.append(entry)
            self._expanded_bytes += length
        return name

    def float_weight(self, part: Part, name: str, array: NDArray[np.float32]) -> str:
        return self.weight(part, name, array.astype(np.float32), "f32")

    def half_weight(self, part: Part, name: str, array: NDArray[Any]) -> str:
        """16 bits in the shard, 32 in the graph: the cast is folded when the session is made."""
        stored = self.weight(part, name, array.astype(np.float16), "f16")
        return self.cast(stored, "f32")

    def cast(self, value: str, kind: str) -> str:
        return self.op("Cast", value, to=_TYPES[kind])

    def reshape(self, value: str, shape: list[int]) -> str:
        return self.op("Reshape", value, self.constant(shape))

    def transpose(self, value: str, order: list[int]) -> str:
        return self.op("Transpose", value, perm=order)

    def model(self) -> onnx.ModelProto:
        graph = helper.make_graph(
            self._nodes,
            self.name,
            self._inputs,
            self._outputs,
            list(self._initialisers.values()),
        )
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)

    def shards_used(self) -> list[str]:
        """Names of the shards that the graph's weights lie in."""
        used = {
            entry.value
            for tensor in self._initialisers.values()
            for entry in tensor.external_data
            if entry.key == "location"
        }
        used |= {entry[key]["shard"] for entry in self.expansion for key in "qdm" if entry[key]}
        return sorted(used - {EXPANDED})
