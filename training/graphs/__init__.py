"""ONNX graphs of the three parts, in two flavours over the same weight shards (docs/design.md)."""
