"""A picture's prompt: from its own record where it has one, else from an interrogator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

from ..errors import ModelsimError, joined
from .records.reading import Records

OWN_RECORD = "the picture's record"


class Interrogator(Protocol):
    """Looks at a picture and guesses its prompt."""

    name: str
    """As an answer calls it."""

    def interrogate(self, picture: Image.Image) -> str:
        """A prompt. Raises ModelsimError where it has none or cannot be asked; `picture` is RGB."""


@dataclass(frozen=True)
class Prompt:
    """A prompt and whose word it is."""

    text: str
    source: str


def interrogate(
    picture: Image.Image | None, records: Records, interrogators: Sequence[Interrogator]
) -> tuple[Prompt | None, list[str]]:
    """The first prompt that the record or one of these knows, and why the others before it failed. Where there is no
    picture, only a record, nobody else is asked."""
    if records.prompt is not None:
        return Prompt(records.prompt, OWN_RECORD), []
    failures = []
    for interrogator in interrogators if picture is not None else ():
        try:
            return Prompt(interrogator.interrogate(picture), interrogator.name), failures
        except ModelsimError as error:
            failures.append(joined(interrogator.name, ": ", str(error)))
    return None, failures
