"""The frozen parts: a language model and a vision encoder, read from their published packages."""
