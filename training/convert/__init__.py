"""Conversion of published Flamingos: `python -m training.convert`."""
