"""What is encoded of a prompt: its words; a plain one letter by letter."""

import time

import pytest

from lib_modelsim.curate.prompts import plain_words


@pytest.mark.parametrize(
    "prompt",
    ["a photo of a cat", "  two  spaces\n", "3:4 ratio, 16:9", "C++ code, 1.5 m", "10% <3 love", "a cat & a dog", "🐈",
     "time 12:30, sand", "AND_GATE, BREAKFAST", "x > y < z", "^_^, :d", "a\\b"],
)  # fmt: skip
def test_a_plain_prompt_stays_as_it_is(prompt):
    assert plain_words(prompt) == prompt


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a (red:1.3) cat", "a red cat"),
        ("a (red: 1.3 ) cat", "a red cat"),
        ("((masterpiece)), [lowres], (a (b:0.9), c:1.1)", "masterpiece, lowres, a b, c"),
        ("(cat:.5), (dog:-1), (owl:+2.)", "cat, dog, owl"),
        ("cat <lora:some_style-v2.1:0.8> on a mat", "cat on a mat"),
        ("<lora:a:1><lyco:b:0.5:0.7> <hypernet:c:1>", ""),
        ("hatsune miku \\(vocaloid\\), 1girl", "hatsune miku (vocaloid), 1girl"),
        ("(miku \\(vocaloid\\):1.2), x", "miku (vocaloid), x"),
        ("a [cat:dog:0.5] here", "a cat dog here"),
        ("a [fantasy:10] castle, [tree::0.4]", "a fantasy castle, tree"),
        ("[cow|horse] in a field", "cow horse in a field"),
        ("red cat BREAK blue dog", "red cat blue dog"),
        ("a cat :1.2 AND a dog AND a penguin :2.2", "a cat a dog a penguin"),
        ("{{{best}}}, 1.3::sky::, blue", "best, sky , blue"),
        ("(fox)++ and (tree)1.3, (lake)--", "fox and tree, lake"),
        ("()", ""),
        (" \n ", ""),
        ("(unclosed cat:1.2", "unclosed cat:1.2"),
        ("a\n(b:1.1)\nc", "a b c"),
    ],
)
def test_what_only_the_program_understands_is_left_out(prompt, words):
    assert plain_words(prompt) == words


ODD = ("1", "(", "[", "<a:", "(:1", "[a", "x)", ")1.", "\\", " ", "a:1 ", "AND", "1.", "{", "::")


@pytest.mark.parametrize("odd", ODD)
def test_a_long_hostile_prompt_takes_no_time(odd):
    start = time.process_time()
    for prompt in (odd * 50_000, f"{odd * 50_000}::", f"{odd * 50_000}AND", f"a:{odd * 50_000}"):
        plain_words(prompt)
    assert time.process_time() - start < 5
