"""Token ids by Hugging Face's `tokenizers` for the kinds of tokenizer that published Flamingos have.

Their own vocabularies are not at hand: small ones of the same kinds, with the same options, are trained here.
"""

import json
from typing import Any

from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

from training.goldens.text import token_strings

_SIZE = 1200
_SPECIAL = ["<|endoftext|>", "<image>", "<|endofchunk|>"]


def _corpus() -> list[str]:
    return token_strings(2000)[100:1100]


def gpt_neox() -> Tokenizer:
    """NFC, GPT-2's byte level, runs of spaces as added tokens of plain text."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_SIZE,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    tokenizer.add_tokens(
        [AddedToken(" " * count, normalized=True, special=False) for count in range(24, 1, -1)]
    )
    tokenizer.add_special_tokens(_SPECIAL)
    return tokenizer


def opt() -> Tokenizer:
    """GPT-2's byte level with nothing around it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=_SIZE,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    tokenizer.add_special_tokens(_SPECIAL)
    return tokenizer


def llama() -> Tokenizer:
    """SentencePiece's: spaces as a mark, one before the text, bytes for what has no token."""
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    )
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("\u2581", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=_SIZE,
        special_tokens=["<unk>", "<s>", "</s>", *bytes_],
        limit_alphabet=120,
        max_token_length=12,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    saved = json.loads(tokenizer.to_str())
    saved["added_tokens"] = [token for token in saved["added_tokens"] if token["id"] < 3]
    return Tokenizer.from_str(json.dumps(saved))


def family_token_goldens() -> dict[str, Any]:
    """By kind: the file, and the ids of the strings of `tokens.json.gz`; special tokens typed are text."""
    texts = token_strings(5000)
    out = {}
    for name, make in (("gpt-neox", gpt_neox), ("opt", opt), ("llama", llama)):
        tokenizer = make()
        saved = json.loads(tokenizer.to_str())
        tokenizer.encode_special_tokens = True
        encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
        out[name] = {"json": saved, "ids": [e.ids for e in encoded]}
    return out
