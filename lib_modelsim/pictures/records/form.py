"""What a picture says of how it was made, whichever program wrote it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import Any

ENDINGS = (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".sft")

AUTOV3, UNCERTAIN = "autov3", "uncertain"
"""Before a hash's digits: the AutoV3 hash in full, and digits of which nobody knows what they are a hash of, so that
equal ones mean the same file and others nothing."""

_HASH = re.compile(r"[0-9a-f]{8,64}|[a-z][a-z0-9_]*:[0-9a-f]{8,128}")

_EMPTY = hashlib.sha256().hexdigest()

MOST = 500
"""Models of a kind that are read of one record: people use a dozen."""

_LONGEST = 255
"""Characters of a name: no file has a longer one."""

TITLE = "title at Civitai"
"""Alias of a name that people gave a model there; `Named.version` is its version's."""

_ALIASES = (
    (re.compile(r"urn:air:.+", re.IGNORECASE), "Civitai's identifier"),
    (re.compile(r"EMS-\d+-EMS"), "TensorArt's own number"),
)
"""Names that a service gives, by their form."""


@dataclass(frozen=True)
class Named:
    """A model as a record names it: without folder and ending.

    `hashes` are lower-case hexadecimal digits as they stand there: 8 (legacy), 10 (short), 12 or 64 (AutoV3, full).
    Others have the name of their algorithm before them ("blake3:…"), or AUTOV3, or UNCERTAIN.
    `role` says in a person's words what it did where it did not draw the whole picture: "refiner", "hires checkpoint",
    "ADetailer checkpoint". `alias` says whose name it is where it is no file's ("title at Civitai"), `version` which
    version of such a title.
    """

    name: str
    hashes: tuple[str, ...] = ()
    role: str = ""
    alias: str = ""
    version: str = ""

    def __str__(self) -> str:
        hashes = f"[{', '.join(hash.removeprefix(f'{UNCERTAIN}:') for hash in self.hashes)}]" if self.hashes else ""
        return " ".join(filter(None, (self.name, self.version, hashes)))


@dataclass(frozen=True)
class PictureRecord:
    """One record of one picture.

    `place` says where it stands ("PNG text “parameters”"), `program` who wrote it. `checkpoints` are those that drew
    the picture: nearly always one. `also` are the others that had a part in it, each with its `role`; `networks` are
    LoRAs, embeddings and the like. `infotext` is the WebUI's own text, which has every setting that is needed to
    generate the picture again. `remark` says, in words that can follow others, what is not sure of which model drew it.
    `over` is True where they may have worked over another picture, or were merged: `remark` says so, too.
    """

    place: str
    program: str
    checkpoints: tuple[Named, ...] = ()
    networks: tuple[Named, ...] = ()
    prompt: str = ""
    negative_prompt: str = ""
    infotext: str | None = None
    also: tuple[Named, ...] = ()
    remark: str = ""
    over: bool = False


def over_another(work: str) -> str:
    """What is said of a picture that was perhaps made from another one, by this work ("inpainting")."""
    return f"it was perhaps made from another picture ({work}), and what drew that is not told"


def begun_from(record: PictureRecord, work: str) -> PictureRecord:
    """The record of a picture that was perhaps made from another one by this work; as it is where that is empty."""
    return replace(record, remark=over_another(work), over=True) if work else record


def img2img_at(strength: object) -> str:
    """The work that a strength below 1 means, for programs that write one; "" for any other value."""
    known = isinstance(strength, (int, float)) and not isinstance(strength, bool) and 0 <= strength < 1
    return f"img2img at a strength of {strength:g}" if known else ""


def named(name: object, *hashes: object, role: str = "", alias: str = "", version: object = None) -> Named | None:
    """A model by what a record says of it; None where that is nothing. Hashes that are none are left out."""
    text = name if isinstance(name, str) else ""
    digits = [hash.strip().lower().removeprefix("0x").removeprefix("sha256:") for hash in map(words, hashes)]
    kept = tuple(dict.fromkeys(hash for hash in digits if _HASH.fullmatch(hash) and not _of_nothing(hash)))
    names = (text.strip(), model_name(text))  # identifiers may have slashes
    given = next(((name, alias) for form, alias in _ALIASES for name in names if form.fullmatch(name)), None)
    shown, alias = given or (" ".join(text.split()) if alias else names[1], alias)
    shown = shown[:_LONGEST]
    label = version.strip()[:_LONGEST] if isinstance(version, str) else ""
    return Named(shown, kept, role, alias, label) if shown or kept else None


def _of_nothing(hash: str) -> bool:
    """Whether a hash is what programs write that could not read the file: zeros, or the SHA-256 of an empty one."""
    digits = hash.rpartition(":")[2]
    return not digits.strip("0") or _EMPTY.startswith(digits)


def plain(name: str) -> str:
    """A name by its letters and digits: files are renamed with other capitals, spaces and underscores."""
    return "".join(each for each in name.lower() if each.isalnum())


def words(value: object) -> str:
    """A text of a record; an empty one where something else stands in its place."""
    return value if isinstance(value, str) else ""


def model_name(text: str) -> str:
    """A model's name from its file's, with the folders and slashes of any system."""
    name = re.split(r"[/\\]", text.strip())[-1]
    ending = next((ending for ending in ENDINGS if name.lower().endswith(ending)), "")
    return name[: len(name) - len(ending)]


def once(models: list[Named | None]) -> tuple[Named, ...]:
    """Those that are named, each once in a role, in their order; one name with several hashes is one model."""
    found: dict[tuple[str, str], Named] = {}
    for model in models:
        if model is not None:
            key = (model.name or model.hashes[0], model.role)
            known = found.get(key, model)
            found[key] = replace(known, hashes=tuple(dict.fromkeys((*known.hashes, *model.hashes))))
    return tuple(found.values())


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in a text; an empty one for anything else."""
    found = _json(text)
    return found if isinstance(found, dict) else {}


def json_list(text: str) -> list[dict[str, Any]]:
    """The objects of the JSON list in a text; none for anything else."""
    found = _json(text)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _json(text: str) -> object:
    """Parsed JSON; None for what is none: these are settings among others."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
