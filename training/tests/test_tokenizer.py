"""SmolLM2's tokenizer as made from the GGUF, and the small one of the tests."""

import gzip
import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from training.frozen.packages import SMOLLM2, fetch
from training.goldens.text import code_point_goldens, plain
from training.tokenizer import NEW_TOKENS, build_tokenizer, tiny_tokenizer

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return build_tokenizer(fetch(SMOLLM2))


def test_special_tokens(tokenizer: Tokenizer) -> None:
    added = tokenizer.get_added_tokens_decoder()
    assert sorted(added) == [*range(17), 49152, 49153]
    assert all(token.special for token in added.values())
    assert [added[49152].content, added[49153].content] == list(NEW_TOKENS)
    assert added[0].content == "<|endoftext|>"
    assert tokenizer.get_vocab_size() == 49154


def test_known_ids(tokenizer: Tokenizer) -> None:
    """Ids that SmolLM2's own documentation and every port of GPT-2's byte level agree on: digits stand alone."""
    assert tokenizer.encode("12", add_special_tokens=False).tokens == ["1", "2"]
    words = tokenizer.encode("It's a dog", add_special_tokens=False).tokens
    assert words == ["It", "'s", "Ġa", "Ġdog"]


def test_golden_strings_are_up_to_date(tokenizer: Tokenizer) -> None:
    goldens = json.loads(gzip.decompress((GOLDEN / "tokens.json.gz").read_bytes()))
    assert len(goldens) >= 4000
    encoded = plain(tokenizer).encode_batch(
        [golden["text"] for golden in goldens], add_special_tokens=False
    )
    wrong = [
        golden["text"]
        for golden, encoding in zip(goldens, encoded, strict=True)
        if encoding.ids != golden["ids"]
    ]
    assert wrong == []


def test_golden_code_points_are_up_to_date() -> None:
    wanted = json.loads((GOLDEN / "code-points.json").read_text(encoding="utf-8"))
    assert code_point_goldens() == wanted


def test_typed_names_of_special_tokens_are_text(tokenizer: Tokenizer) -> None:
    special = set(tokenizer.get_added_tokens_decoder())
    for name in ("<image>", "<|endofchunk|>", "<|im_start|>"):
        assert len(tokenizer.encode(name).ids) == 1
        assert special.isdisjoint(plain(tokenizer).encode(f"a {name} b").ids)


@pytest.mark.parametrize("text", ["A dog runs.", "naïve 你好 🐶\n\t x", "\x00\x7f"])
def test_tiny_tokenizer_takes_any_text(text: str) -> None:
    tiny = tiny_tokenizer()
    assert tiny.decode(tiny.encode(text).ids, skip_special_tokens=False) == text


def test_tiny_tokenizer_is_the_shipped_one() -> None:
    shipped = Tokenizer.from_file(str(ROOT / "public/models/tiny-random/tokenizer.json"))
    assert shipped.to_str() == tiny_tokenizer().to_str()
    assert [shipped.id_to_token(i) for i in (0, 439, 440)] == ["<|endoftext|>", *NEW_TOKENS]
