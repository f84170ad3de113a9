"""Tokens grouped by the picture they look at, so that attention to media is block-diagonal.

With only the last picture visible, a token needs the 64 keys of that picture and no others. Masking all
pictures of a row gives the same result (a test holds them together) at several times the cost.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Chunks:
    """C chunks of at most L tokens out of B*S.

    `tokens` [C,L]: flat number of the token in each slot (0 where the slot is empty);
    `slots` [B*S]: flat slot of each token, C*L for a token that sees no picture;
    `media` [C]: number of the picture among the latents.
    """

    tokens: Tensor
    slots: Tensor
    media: Tensor

    def gather(self, x: Tensor) -> Tensor:
        """[B,S,D] -> [C,L,D]."""
        return x.flatten(0, 1)[self.tokens]

    def scatter(self, chunks: Tensor, shape: torch.Size) -> Tensor:
        """[C,L,D] -> [B,S,D], zero for tokens that see no picture."""
        flat = torch.cat([chunks.flatten(0, 1), chunks.new_zeros(1, chunks.shape[-1])])
        return flat[self.slots].view(*shape[:2], -1)


def chunks_of(mask: Tensor, media: Tensor) -> Chunks:
    """From mask bool [B,S,T], at most one picture a token, and the pictures' numbers [B,T]."""
    batch, length, count = mask.shape
    rows, places = mask.any(1).nonzero(as_tuple=True)
    sizes = mask.sum(1)[rows, places]
    slots_per_chunk = int(sizes.max()) if len(sizes) else 0
    chunk_of = torch.full((batch, count), -1)
    chunk_of[rows, places] = torch.arange(len(rows))
    row, token, place = mask.nonzero(as_tuple=True)
    chunk = chunk_of[row, place]
    # Tokens come in order, so a token's offset is its position less that of its chunk's first.
    first = torch.full((len(rows),), length).scatter_reduce(0, chunk, token, "amin")
    flat_slot = chunk * slots_per_chunk + token - first[chunk]
    tokens = torch.zeros(len(rows) * slots_per_chunk, dtype=torch.long)
    tokens[flat_slot] = row * length + token
    slots = torch.full((batch * length,), len(rows) * slots_per_chunk)
    slots[row * length + token] = flat_slot
    return Chunks(tokens.view(len(rows), slots_per_chunk), slots, media[rows, places])
