"""The keys of a file and their shapes, and the markers that a network is told by."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

_LITERAL = re.compile(r"(?:\\[.\-/]|[A-Za-z0-9_/])*")
"""What a regular expression begins with that stands for itself."""


class Keys:
    """Keys and their shapes, sorted, so that those with one beginning are found at once."""

    def __init__(self, shapes: Mapping[str, tuple[int, ...]]):
        self.shapes = shapes
        self._matching: dict[re.Pattern, list[str]] = {}

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.shapes)

    @cached_property
    def text(self) -> str:
        """All keys, one a line."""
        return "\n".join(self.shapes)

    def starting(self, start: str) -> list[str]:
        """The keys with this beginning."""
        if not start:
            return self._sorted
        after = start[:-1] + chr(ord(start[-1]) + 1)  # what sorts right behind them
        return self._sorted[bisect_left(self._sorted, start) : bisect_left(self._sorted, after)]

    def matching(self, pattern: re.Pattern) -> list[str]:
        """The keys that this pattern matches from their beginning."""
        if pattern not in self._matching:
            self._matching[pattern] = list(filter(pattern.match, self.starting(beginning(pattern))))
        return self._matching[pattern]

    def behind(self, prefix: str) -> Keys:
        """What stands behind this prefix, of the keys that have it."""
        return Keys({key[len(prefix) :]: self.shapes[key] for key in self.starting(prefix)}) if prefix else self


@dataclass(frozen=True)
class Marker:
    """There is a key that this pattern matches from its beginning, in this shape where one is given (None for any
    length); or a key that holds one of these words anywhere; or one of several markers holds."""

    key: re.Pattern | None = None
    shape: tuple[int | None, ...] | None = None
    contains: tuple[str, ...] = ()
    any: tuple[Marker, ...] = ()

    def holds(self, keys: Keys) -> bool:
        """Whether there is one."""
        if self.any:
            return any(marker.holds(keys) for marker in self.any)
        if self.key is None:
            return any(word in keys.text for word in self.contains)
        return any(self._has_shape(keys.shapes[key]) for key in keys.matching(self.key))

    def _has_shape(self, shape: tuple[int, ...]) -> bool:
        """Trailing ones do not count: a linear layer may be stored as a 1×1 convolution."""
        if self.shape is None:
            return True
        return len(shape) >= len(self.shape) and all(
            want in (None, got) for want, got in zip(self.shape, shape, strict=False)
        )


@dataclass(frozen=True)
class Markers:
    """What there must be, all of it, and what there must not be."""

    must: tuple[Marker, ...] = ()
    must_not: tuple[Marker, ...] = ()

    def hold(self, keys: Keys) -> bool:
        """Whether these keys have all that there must be and nothing that there must not be."""
        return all(marker.holds(keys) for marker in self.must) and not any(
            marker.holds(keys) for marker in self.must_not
        )


@lru_cache(maxsize=1 << 10)
def beginning(pattern: re.Pattern) -> str:
    """The text that every match of this pattern begins with."""
    literal = _LITERAL.match(pattern.pattern).group(0)
    rest = pattern.pattern[len(literal) :]
    if rest[:1] in ("?", "*", "+", "{"):  # it repeats the last character
        literal = re.sub(r"(?:\\.|[A-Za-z0-9_/])$", "", literal)
    return "" if "|" in _outside_groups(pattern.pattern) else literal.replace("\\", "")


def _outside_groups(text: str) -> str:
    """The pattern without what stands in brackets: an alternative there does not change the beginning."""
    found, depth, escaped = [], 0, False
    for letter in text:
        if escaped:
            escaped = False
            continue
        escaped = letter == "\\"
        depth += letter in "([" and not escaped
        if depth == 0:
            found.append(letter)
        depth -= letter in ")]" and not escaped
    return "".join(found)
