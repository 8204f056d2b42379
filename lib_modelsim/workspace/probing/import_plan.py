"""What an import would take in, model by model, and whether its folders look like models at all.

A folder one level too high makes models of dates or samplers, and every later answer is worse: a self-test fell from
62 to 11 %. So what speaks against the names is told before anything is copied.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import ModelsimError
from ...identify.known_model import KnownModel
from ...identify.names import means
from ...pictures.folders import is_picture
from ...pictures.records.form import Named, model_name
from ...pictures.records.reading import read_records
from ...probes.engine import EngineCheckpoint
from ...text import counted, readable, several

_LOOKED_AT = 20
"""Pictures of a folder whose records are read, spread over it."""

_SAMPLERS = (
    r"(euler|heun|lms|ddim|ddpm|plms|unipc|dpm|dpmpp|dpm2|restart|lcm|tcd|deis|ipndm)(\+\+)?"
    r"([\s_-]+(\d?[ams]|\d|ancestral|karras|exponential|sde|heun|fast|adaptive|beta|simple|normal|cfg|pp|gpu))*"
)
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_NO_MODELS = re.compile(
    rf"""
    [\d\s._-]+                                                    # 2023-05-01, 20230501, 0042, 512
    | \d+\s?x\s?\d+                                               # 512x768
    | [\d\s._-]*({_MONTHS})[\d\s._-]*
    | (seed|steps?|cfg|batch|run|set|part|page|folder|new\ folder)[\s._-]*\d*
    | {_SAMPLERS}                                                 # Euler a, DPM++ 2M Karras
    | (txt2img|img2img|extras?|inpaint(ing)?|upscaled?|hires|favou?rites?|saved?|init|log)([\s_-]*(images?|grids?))?
    | (outputs?|images?|pictures?|pics?|grids?|samples?|generated|previews?|thumbnails?|misc|old|tmp|temp|test|tests)
    """,
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class SubFolder:
    """A sub-folder with its number of pictures and their bytes, and the model that it is taken for, "" where it is
    left out; whether that is one of the person's checkpoints."""

    name: str
    model: str
    is_known: bool
    pictures: int
    bytes: int


@dataclass(frozen=True)
class ImportPlan:
    """The pictures of a folder with the model of each, their `bytes` by model, and what speaks against their folders'
    being models; `loose` pictures lie in no sub-folder, so nobody knows whose they are. `folders` are all sub-folders
    with pictures, also those left out."""

    files: tuple[tuple[EngineCheckpoint, Path], ...]
    bytes: Mapping[str, int]
    doubts: tuple[str, ...] = ()
    loose: int = 0
    folders: tuple[SubFolder, ...] = ()

    @property
    def pictures(self) -> dict[str, int]:
        """Model → its number of pictures."""
        return dict(Counter(checkpoint.name for checkpoint, _ in self.files))

    @property
    def told(self) -> str:
        """What would be imported, in a sentence."""
        counts = self.pictures
        names = [f"{name} ({count})" for name, count in counts.items()]
        models = counted(len(names), "model name")
        return f"{counted(len(self.files), 'picture')} under {models}: {several(names)}"


@dataclass
class _Folder:
    """A sub-folder: the checkpoint that it is named after or was `called`, whether that is known, and its pictures."""

    name: str
    called: str
    checkpoint: EngineCheckpoint
    known: KnownModel | None
    paths: list[Path] = field(default_factory=list)


def plan_import(folder: Path, known: Sequence[KnownModel], chosen: Mapping[str, str] | None = None) -> ImportPlan:
    """What importing a folder, in which each sub-folder is named after a model, would take in; nothing is copied.

    `chosen` is sub-folder → the model whose pictures it holds, "" to leave it out, for those that have other names.
    Raises ModelsimError where there is no such folder, no picture in a sub-folder, or a choice for none.
    """
    chosen = dict(chosen or {})
    every = _sub_folders(folder)
    strange = sorted(set(chosen) - {name for name, _ in every})
    if strange:
        names = several([name for name, _ in every])
        raise ModelsimError("there is no such sub-folder with pictures", strange[0], f"use one of {names}")
    every_folder = [_named(name, chosen.get(name, name).strip(), paths, known) for name, paths in every]
    found = [each for each in every_folder if each.called]
    sizes: dict[str, int] = {}
    for each in found:
        name = each.checkpoint.name
        sizes[name] = sizes.get(name, 0) + sum(path.stat().st_size for path in each.paths)
    files = tuple((each.checkpoint, path) for each in found for path in each.paths)
    loose = sum(map(is_picture, folder.iterdir()))
    return ImportPlan(files, sizes, tuple(_doubts(found, known)), loose, tuple(map(_told, every_folder)))


def _told(folder: _Folder) -> SubFolder:
    model = folder.checkpoint.name if folder.called else ""
    size = sum(path.stat().st_size for path in folder.paths)
    return SubFolder(folder.name, model, folder.known is not None, len(folder.paths), size)


def _sub_folders(folder: Path) -> list[tuple[str, list[Path]]]:
    """Every sub-folder that holds pictures, at any depth."""
    if not folder.is_dir():
        raise ModelsimError(
            "there is no such folder", folder, "choose a folder with one sub-folder of pictures per model"
        )
    found = [
        (readable(model.name), paths)
        for model in sorted(folder.iterdir())
        if model.is_dir() and not model.name.startswith(".")
        if (paths := [path for path in sorted(model.rglob("*")) if is_picture(path)])
    ]
    if not found:
        raise ModelsimError(
            "the folder has no sub-folders with pictures",
            folder,
            "put each model's pictures into a sub-folder with the model's name",
        )
    return found


def _named(folder: str, name: str, paths: list[Path], known: Sequence[KnownModel]) -> _Folder:
    """The checkpoint that a folder is called after: "name", "name.safetensors" or "name [hash]"."""
    plain, bracket, digits = name.partition(" [")
    digits = digits.rstrip("]").lower()
    for model in known:
        by_hash = bool(bracket and len(digits) >= 8) and model.hash_named(digits) is not None
        if by_hash or model.name.lower() in (name.lower(), model_name(name).lower()):
            checkpoint = EngineCheckpoint(model.title or model.name, model.name, model.path, model.sha256)
            return _Folder(folder, name, checkpoint, model, paths)
    whole = digits if bracket and len(digits) == 64 else None
    checkpoint = EngineCheckpoint(name, plain if whole else model_name(name), None, whole)
    return _Folder(folder, name, checkpoint, None, paths)


def _doubts(folders: Sequence[_Folder], known: Sequence[KnownModel]) -> Iterator[str]:
    """What speaks against the folders' being models, a sentence each."""
    odd = [each.called for each in folders if each.known is None and _NO_MODELS.fullmatch(each.called.strip())]
    if odd:
        yield f"{several(odd)} {'does' if len(odd) == 1 else 'do'} not look like a model's name"
    if known and not any(each.known for each in folders):
        yield "no folder has the name of one of your checkpoints"
    for each in folders:
        others = _other_models(each)
        if others:
            yield f"the records of pictures in {each.name} name {several(others)}"


def _other_models(folder: _Folder) -> list[str]:
    """The models that the records name, where most of them name others than the folder does."""
    step = max(1, len(folder.paths) // _LOOKED_AT)
    named = [models for path in folder.paths[::step] if (models := _models_of(path))]
    others = [models for models in named if not any(_is_of_folder(model, folder) for model in models)]
    if 2 * len(others) <= len(named):
        return []
    return [name for name, _ in Counter(str(models[0]) for models in others).most_common()]


def _models_of(path: Path) -> tuple[Named, ...]:
    return next((record.checkpoints for record in read_records(path).records if record.checkpoints), ())


def _is_of_folder(model: Named, folder: _Folder) -> bool:
    """Whether a record means the model that the folder is named after: by name, by hash, or by a hash in the name."""
    if any(means(model, name, folder.checkpoint.path) for name in (folder.checkpoint.name, folder.called)):
        return True
    by_hash = folder.known is not None and any(folder.known.hash_named(digits) for digits in model.hashes)
    sha256 = folder.checkpoint.sha256 or ""
    return by_hash or any(sha256.startswith(digits) or digits in folder.called.lower() for digits in model.hashes)
