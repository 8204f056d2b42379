"""CLIP's tokenizer, made from the list of merges that open_clip carries."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

from ..errors import ModelsimError, joined
from ..installing import VOCABULARY, how_to_install
from ..probes.engine import WITH_WEBUI, CheckpointFailed

_FILE = "bpe_simple_vocab_16e6.txt.gz"
_BYTES = 512
"""Each byte is a token inside a word, and another one at its end."""

_WORDS = r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
"""OpenAI's CLIP, simple_tokenizer.py."""


@cache
def tokenizer(size: int) -> Callable[[str], list[int]]:
    """Text → its tokens, without begin and end, for a vocabulary of this size, 49,408 in real text encoders.

    The last two tokens are begin and end, as in CLIP. Raises as `vocabulary`.
    """
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

    merges = [tuple(line.split()) for line in _merges(size)]
    letters = byte_letters()
    words = [*letters, *(f"{letter}</w>" for letter in letters), *map("".join, merges)]
    made = Tokenizer(models.BPE({word: number for number, word in enumerate(words)}, merges, end_of_word_suffix="</w>"))
    made.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return lambda text: made.encode(text).ids


def vocabulary(size: int) -> Path | None:
    """The list of merges that a vocabulary of this size needs; None where bytes are all it has.

    Raises CheckpointFailed where no vocabulary has this size, ModelsimError where the list is missing.
    """
    if size < _BYTES + 2:
        raise CheckpointFailed("the vocabulary is not CLIP's", f"{size} tokens", WITH_WEBUI)
    if size == _BYTES + 2:
        return None
    path = _list()
    if path is None:
        fix = joined(f"{how_to_install(VOCABULARY)}, or ", WITH_WEBUI)
        raise ModelsimError("the vocabulary of CLIP's text encoder is missing", _FILE, fix)
    return path


def _merges(size: int) -> Iterable[str]:
    """The first merges of the list; its first line is a header."""
    path = vocabulary(size)
    if path is None:
        return []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return list(islice(lines, 1, size - _BYTES - 1))


def _list() -> Path | None:
    """The file in open_clip or in OpenAI's clip, whichever is installed; neither is imported."""
    for package in ("open_clip", "clip"):
        spec = find_spec(package)
        if spec and spec.origin and (path := Path(spec.origin).parent / _FILE).is_file():
            return path
    return None


def byte_letters() -> list[str]:
    """The characters that stand for the bytes, in the order of CLIP's vocabulary: printable bytes are themselves and
    come first (GPT-2, encoder.py, `bytes_to_unicode`)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [*map(chr, printable), *(chr(256 + place) for place in range(256 - len(printable)))]
