"""The suites that there are: those shipped and those that a person has."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

from ...errors import ModelsimError
from ...pictures.opening import opened
from ...pictures.records.reading import read_records
from ...probes.importing import suite_of_text
from ...probes.naming import file_name
from ...probes.suite import SHIPPED, Suite, read_suite, to_json
from ...reading import require_file
from ...writing import write_text

STANDARD = "standard"

_NEAR = 0.5
"""Share of the letters that a name and the one that was meant have in common."""

_PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".avif")


@dataclass(frozen=True)
class Suites:
    """The suites shipped, and the user's own in `folder`, one JSON file each."""

    folder: Path

    def all(self) -> list[Suite]:
        """Every suite that can be read, the shipped ones first."""
        return [suite for suite in self._read() if isinstance(suite, Suite)]

    def unreadable(self) -> list[ModelsimError]:
        """What is wrong with the files that are none."""
        return [error for error in self._read() if isinstance(error, ModelsimError)]

    def _read(self) -> Iterator[Suite | ModelsimError]:
        for folder in (SHIPPED, self.folder):
            for path in sorted(folder.glob("*.json"), key=_stem):
                try:
                    yield read_suite(path)
                except ModelsimError as error:
                    yield error

    def is_shipped(self, name: str) -> bool:
        """Whether a suite of this name is shipped: it cannot be changed."""
        return (SHIPPED / f"{file_name(name)}.json").is_file()

    def named(self, query: str) -> Suite:
        """The suite with this name. Raises ModelsimError with the nearest name and all others."""
        for folder in (SHIPPED, self.folder):
            path = folder / f"{file_name(query)}.json"
            if path.is_file():
                return read_suite(path)
        raise no_such_suite(query, [suite.name for suite in self.all()])

    def named_or_read(self, query: str) -> Suite:
        """The suite with this name, or in this file, which nobody may name on a page that others can open. Raises
        ModelsimError as `named`."""
        try:
            return self.named(query)
        except UnknownSuiteError:
            if query.lower().endswith(".json"):
                return read_suite(Path(query))
            raise

    def name_of(self, query: str, drawn: Collection[str]) -> str:
        """The name of a suite that is here, or of one that was `drawn`: a gallery keeps the pictures of suites that are
        here no longer. Raises ModelsimError as `named`."""
        try:
            return self.named_or_read(query).name
        except UnknownSuiteError:
            if query in drawn:
                return query
            raise no_such_suite(query, [*(suite.name for suite in self.all()), *drawn]) from None

    def save(self, suite: Suite, instead: bool = False) -> Path:
        """Keep a suite of the user's; `instead` of one of the same name. Raises ModelsimError where there is one."""
        path = self.folder / f"{file_name(suite.name)}.json"
        if self.is_shipped(suite.name):
            raise ModelsimError("a built-in suite has this name", suite.name, "choose another name")
        if path.exists() and not instead:
            raise ModelsimError("there is a suite of this name", suite.name, "choose another name, or replace it")
        return write_text(path, to_json(suite))

    def remove(self, name: str) -> None:
        """Forget a suite of the user's; its pictures stay."""
        path = self.folder / f"{file_name(name)}.json"
        if not path.is_file():
            raise ModelsimError(
                "you have no suite of this name", name, "choose one of your own; built-in suites cannot be deleted"
            )
        path.unlink()

    def from_file(self, path: Path, name: str | None = None) -> Suite:
        """A suite from a file, not yet kept: its JSON, prompts one a line, an infotext, or a picture that has one."""
        if path.suffix.lower() in _PICTURES:
            text = _infotext(path)
        else:
            try:
                text = require_file(path).read_text(encoding="utf-8-sig")
            except (OSError, UnicodeDecodeError) as error:
                raise ModelsimError(f"cannot read ({error})", path, "choose a text file in UTF-8") from error
        suite = self.from_text(text, name or path.stem)
        return replace(suite, name=name) if name else suite

    def from_text(self, text: str, name: str) -> Suite:
        """A suite from a text, not yet kept; prompts are generated as those of the standard suite are."""
        return suite_of_text(text, name, self.named(STANDARD))


class UnknownSuiteError(ModelsimError):
    """A name that no suite has."""


def no_such_suite(query: str, names: Collection[str]) -> UnknownSuiteError:
    """What to say of a name that no suite has."""
    by_lower = {name.lower(): name for name in names}
    near = get_close_matches(query.lower(), by_lower, 1, _NEAR)
    every = f"use one of {', '.join(sorted(set(names), key=str.lower))}, or a suite's file"
    fix = f"did you mean {by_lower[near[0]]}? Otherwise {every}" if near else every
    return UnknownSuiteError("there is no such suite", query, fix)


def _stem(path: Path) -> str:
    return path.stem.lower()


def _infotext(path: Path) -> str:
    with opened(path) as image:  # what is no picture is told as that
        drawable = read_records(image).drawable
    if drawable is None or not drawable.infotext:
        raise ModelsimError("the picture has no infotext", path, "choose a picture as the WebUI saved it")
    return drawable.infotext
