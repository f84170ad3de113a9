"""The tokenizers: SmolLM2's from the GGUF's metadata with the two new tokens, and a small one for tests."""

from pathlib import Path

from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

NEW_TOKENS = ("<image>", "<|endofchunk|>")
_CONTROL = 3  # GGUF's token type of special tokens


def _byte_level(tokenizer: Tokenizer) -> Tokenizer:
    """SmolLM2's splitting: single digits, then GPT-2's byte level."""
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def build_tokenizer(gguf: Path) -> Tokenizer:
    """SmolLM2's tokenizer; `<image>` is 49152 and `<|endofchunk|>` 49153."""
    fields = GGUFReader(gguf).fields
    tokens: list[str] = fields["tokenizer.ggml.tokens"].contents()
    types: list[int] = fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(m.split(" ", 1)) for m in fields["tokenizer.ggml.merges"].contents()]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    tokenizer = _byte_level(Tokenizer(models.BPE(vocab=vocabulary, merges=merges)))
    special = [t for t, kind in zip(tokens, types, strict=True) if kind == _CONTROL]
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in [*special, *NEW_TOKENS]])
    return tokenizer


_TINY_TEXT = """A dog runs over the grass and a cat sits on the mat. Two children play with a red ball in the
water. Question: what color is the hat of the man? Answer: blue. Caption: a woman in a white dress is riding a
horse on the beach. Name: tabby. Description: a small brown bird stands on a branch of a tall green tree in front
of a house with a wooden door and three windows. Objects: table, chair, lamp, window, bottle, plate."""


def tiny_tokenizer() -> Tokenizer:
    """Bytes and some merges; `<|endoftext|>` is 0 and the two new tokens come last."""
    trainer = trainers.BpeTrainer(
        vocab_size=480,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer = _byte_level(Tokenizer(models.BPE()))
    tokenizer.train_from_iterator(_TINY_TEXT.splitlines(), trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True) for t in NEW_TOKENS])
    return tokenizer
