"""The model in PyTorch: resampler, gated cross-attention, the frozen decoder, and the Flamingo of them."""
