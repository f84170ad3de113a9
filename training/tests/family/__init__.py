"""Random models in the code and the format that were published, for parity of what is converted."""
