"""Prompts as AUTOMATIC1111 reads them."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_modelsim.engines import tokenizer
from lib_modelsim.engines.prompt import CHUNK, PromptPart, chunks, parts
from lib_modelsim.errors import ModelsimError


def weighted(prompt):
    return [(part.words, pytest.approx(part.weight)) for part in parts(prompt)]


@pytest.mark.parametrize(
    ("prompt", "meant"),
    [
        ("", []),
        ("a cat", [("a cat", 1)]),
        ("a (cat) here", [("a ", 1), ("cat", 1.1), (" here", 1)]),
        ("[cat]", [("cat", 1 / 1.1)]),
        ("((cat))", [("cat", 1.21)]),
        ("(cat:1.5)", [("cat", 1.5)]),
        ("(bad:0), (low:0)", [("bad", 0), (", ", 1), ("low", 0)]),
        ("(a (cat:2) b:0.5)", [("a ", 0.5), ("cat", 1), (" b", 0.5)]),
        ("(cat", [("cat", 1.1)]),
        ("cat)", [("cat)", 1)]),
        (r"\(cat\) \\", [("(cat) \\", 1)]),
        ("a: b", [("a: b", 1)]),
        ("[(cat:2.2)]", [("cat", 2)]),
        ("a BREAK b", [("a ", 1), (None, 1), (" b", 1)]),
        ("BREAKFAST", [("BREAKFAST", 1)]),
    ],
)
def test_brackets_make_weights(prompt, meant):
    assert weighted(prompt) == meant


def test_without_emphasis_brackets_are_letters():
    assert parts("a (cat:2)", "None") == [PromptPart("a (cat:2)", 1.0)]


@given(st.text(alphabet=st.characters(exclude_characters="()[]\\<>|", exclude_categories=["Cs"])))
def test_words_without_brackets_stay_as_they_are(text):
    if "BREAK" not in text and "AND" not in text:
        assert parts(text) == ([PromptPart(text, 1.0)] if text else [])


def cut(words, backtrack=20):
    """The lengths of the chunks of words that are one token each; a comma is token 0."""
    found = chunks([PromptPart(words, 1.0)], lambda text: [0 if w == "," else 1 for w in text.split()], 0, backtrack)
    return [len(chunk.tokens) for chunk in found]


def test_long_prompts_are_cut_behind_the_last_comma_that_is_near():
    assert cut("") == [0]
    assert cut("a " * CHUNK) == [75]
    assert cut("a " * (CHUNK + 1)) == [75, 1]
    assert cut("a " * 70 + ", " + "a " * 10) == [71, 10]
    assert cut("a " * 10 + ", " + "a " * 70) == [75, 6]
    assert cut("a " * 70 + ", " + "a " * 10, backtrack=0) == [75, 6]


def test_break_begins_a_new_chunk():
    found = chunks(parts("a BREAK (b:2)"), lambda text: [1] * len(text.split()), None, 20)
    assert [(chunk.tokens, chunk.weights) for chunk in found] == [((1,), (1.0,)), ((1,), (2.0,))]


@pytest.fixture
def listed(tmp_path, monkeypatch):
    """A list of merges as open_clip carries it; no vocabulary is remembered afterwards."""
    path = tmp_path / "merges.gz"
    path.write_bytes(gzip.compress(b'"a header"\nc a\nca t</w>\nd o\n'))
    monkeypatch.setattr(tokenizer, "_list", lambda: path)
    tokenizer.tokenizer.cache_clear()
    yield path
    tokenizer.tokenizer.cache_clear()


def test_tokens_are_numbered_as_in_clip(listed):
    tokenize = tokenizer.tokenizer(512 + 3 + 2)
    assert tokenize("!") == [256]  # the first letter of the vocabulary, at the end of a word
    assert tokenize("cat  CAT") == [513, 513]
    assert tokenize("dog") == [514, 256 + ord("g") - ord("!")]
    assert tokenize("") == []
    assert tokenize("1,") == [256 + ord("1") - ord("!"), 256 + ord(",") - ord("!")]


def test_bytes_need_no_list(monkeypatch):
    monkeypatch.setattr(tokenizer, "_list", lambda: None)
    tokenizer.tokenizer.cache_clear()
    assert tokenizer.tokenizer(514)("a") == [256 + ord("a") - ord("!")]
    with pytest.raises(ModelsimError, match=r"installing\.py\" clip-anytorch"):
        tokenizer.tokenizer(49408)
