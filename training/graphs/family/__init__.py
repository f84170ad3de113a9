"""Graphs of published Flamingos: any decoder, encoder and blocks of `training/convert/architecture.py`."""
