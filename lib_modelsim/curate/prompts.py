"""What a prompt says, without what only the program understands that it was written for.

Left out are weights and brackets of the WebUIs and ComfyUI ("(word:1.2)", "((word))", "[word]"), of NovelAI ("{word}",
"1.3::word::") and of InvokeAI ("(word)++"); tags that load a file ("<lora:name:0.8>"); BREAK and AND. Of "[a:b:0.5]"
and "[a|b]" the words of both stay. A prompt without any of these stays as it is, letter by letter.

Source: modules/prompt_parser.py and modules/extra_networks.py of AUTOMATIC1111.
"""

from __future__ import annotations

import re

_NUMBER = r"[+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})"
_GAP = r"\s{0,9}"
"""Nothing here is without a bound: a prompt of a megabyte shall not take minutes."""

_TAG = re.compile(r"<[A-Za-z]\w{0,30}:[^<>]{0,300}>")
_WEIGHT = re.compile(rf":{_GAP}{_NUMBER}{_GAP}(?=[)\]])")
_BEHIND = re.compile(rf"(?<=[^\\]\))(?:[+-]{{1,9}}|{_NUMBER})")
_SEVERAL = re.compile(r"(?<!\\)\[[^\[\]]*\]")
_BRACKET = re.compile(r"(?<!\\)[()\[\]{}]")
_ESCAPED = re.compile(r"\\([()\[\]{}])")
_BREAK = re.compile(r"\bBREAK\b")
_AND = re.compile(rf"(?::{_GAP}{_NUMBER}{_GAP})?\bAND\b")
_LAST_WEIGHT = re.compile(rf":{_GAP}{_NUMBER}{_GAP}$")
_OPENED = re.compile(rf"(?<![\d.]){_NUMBER}::")
_SPACE = re.compile(r"\s+")


def plain_words(prompt: str) -> str:
    """The words alone; "" where there are none."""
    text = _TAG.sub(" ", prompt)
    text = _BEHIND.sub("", _WEIGHT.sub("", text))
    text, composed = _AND.subn(" ", text)
    text = _LAST_WEIGHT.sub("", text) if composed else text
    text, opened = _OPENED.subn(" ", text)
    text = text.replace("::", " ") if opened else text
    text = _SEVERAL.sub(lambda found: re.sub(r"[|:]", " ", found[0]), _BREAK.sub(" ", text))
    text = _ESCAPED.sub(r"\1", _BRACKET.sub("", text))
    return prompt if text == prompt and text.strip() else _SPACE.sub(" ", text).strip()
