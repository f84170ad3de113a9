"""What makes training fast gives what the plain form gives."""

import torch

from training.config import CrossAttentionConfig
from training.loss import TiedHeadLoss
from training.model.chunks import chunks_of
from training.model.cross_attention import MaskedCrossAttention


def test_chunks_equal_the_mask() -> None:
    """Block-diagonal attention against the masked form, text before the first picture included: 1e-5."""
    torch.manual_seed(0)
    attention = MaskedCrossAttention(64, 48, CrossAttentionConfig())
    pictures = torch.randn(4, 64, 48)
    media = torch.tensor([[0, 1, 2], [3, 1, 0]])
    looks_at = torch.tensor([[0, 0, 1, 1, 1, 2, 3, 3], [1, 1, 1, 2, 0, 0, 0, 0]])
    mask = looks_at[..., None] == torch.arange(1, 4)
    x = torch.randn(2, 8, 64)
    masked = attention(x, pictures[media], mask)
    chunked = attention(x, pictures, chunks_of(mask, media))
    assert (masked - chunked).abs().max() < 1e-5
    assert torch.equal(chunked[0, :2], torch.zeros(2, 64))


def test_tied_head_loss_equals_cross_entropy() -> None:
    """Value and both gradients against PyTorch's own: 1e-5."""
    torch.manual_seed(0)
    embedding, targets = torch.randn(50, 16), torch.tensor([3, 49, 51, 0, 51, 7])
    hidden = torch.randn(6, 16, requires_grad=True)
    end_row = torch.randn(16, requires_grad=True)
    logits = torch.cat([hidden @ embedding.T, hidden @ end_row[:, None]], -1)
    expected = torch.nn.functional.cross_entropy(logits, targets.clamp(max=50))
    expected.backward()
    assert hidden.grad is not None and end_row.grad is not None
    wanted, wanted_end = hidden.grad.clone(), end_row.grad.clone()
    hidden.grad = end_row.grad = None
    loss = TiedHeadLoss.apply(hidden, end_row, embedding, targets)
    loss.backward()
    assert abs(loss.item() - expected.item()) < 1e-5
    assert (hidden.grad - wanted).abs().max() < 1e-5
    assert (end_row.grad - wanted_end).abs().max() < 1e-5
