"""The last comparison, kept in a file: after a start its tree is there at once, and no weights are read for it.

What is kept is enough to draw the tree also where files have changed or gone since; which have is told by their sizes
and times. What another version wrote is not taken, and that is told: its numbers may mean something else.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...checkpoints.files import file_key
from ...checkpoints.header import Header
from ...checkpoints.layout import Layout
from ...checkpoints.source import FileKey
from ...errors import CheckpointError, ModelsimError, Sentence
from ...families.merges import Merge
from ...library import Library
from ...saying import logger_of
from ...similarity.base import Base
from ...similarity.matrix import SimilarityMatrix
from ...writing import write_bytes
from ..catalogue.index import HEADER_VERSION, Model, Unreadable
from ..comparing.caching import stored_method
from ..comparing.choosing import Choice
from ..comparing.compare import Comparison
from ..comparing.roundings import Rounding
from ..comparing.scores import Reason

log = logger_of(__name__)

_VERSION = f"2 {stored_method('')}"

_COMMAND, _PAGE = "said by the command", "said by the page"

_ANEW = "press Show families for a new one"


@dataclass(frozen=True)
class KeptComparison:
    """A comparison from before the start: when it was made, and of which question, as its asker wrote it down;
    `unreadable` are the keys of its files that could not be read."""

    comparison: Comparison
    made: datetime
    question: Mapping[str, Any]
    unreadable: Mapping[Path, FileKey | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Since:
    """What has happened to the files of a comparison that was `made` then: names of its models whose files are others
    now, or are gone; how many files are `new`."""

    made: datetime
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    new: int = 0

    @property
    def same(self) -> bool:
        """Whether the tree is of the files as they are."""
        return not (self.changed or self.gone or self.new)


def keep_comparison(file: Path, comparison: Comparison, question: Mapping[str, Any], made: datetime) -> None:
    """Write it in the place of the one before; a disk that refuses costs a warning, not the work."""
    matrix, packed = comparison.matrix, io.BytesIO()
    arrays: dict[str, NDArray] = {"values": matrix.values, "overall": matrix.overall}
    if matrix.coverage is not None:
        arrays["coverage"] = matrix.coverage
    for part in ("components", "apart"):
        arrays |= {f"{part}/{i}": values for i, values in enumerate(getattr(matrix, part).values())}
    models = [model for model in comparison.models if model.opener is None]
    if len(models) < len(comparison.models):
        return  # one of them was in memory, and is in no file
    document = {
        "version": _VERSION,
        "made": made.isoformat(),
        "question": dict(question),
        "models": [_model_document(model) for model in models],
        "layouts": {model.header.layout.digest: model.header.layout.to_json() for model in models},
        "matrix": {
            "measure": matrix.measure,
            "models": matrix.models,
            "blocks": matrix.blocks,
            "components": list(matrix.components),
            "apart": list(matrix.apart),
        },
        "base": comparison.base and asdict(comparison.base),
        "reasons": [asdict(reason) for reason in comparison.reasons],
        "unreadable": [
            {"path": str(bad.path), "error": bad.error, "key": _key_document(_key_now(bad.path))}
            for bad in comparison.unreadable
        ],
        "choices": {name: asdict(choice) for name, choice in comparison.choices.items()},
        "merges": [asdict(merge) for merge in comparison.merges],
        "roundings": [asdict(rounding) for rounding in comparison.roundings],
    }
    np.savez(packed, document=np.frombuffer(json.dumps(_halves(document)).encode(), np.uint8), **arrays)
    try:
        write_bytes(file, packed.getvalue())
    except (OSError, ModelsimError) as error:
        log.warning("the last comparison could not be kept in %s: %s", file, error)


def recall_comparison(file: Path, library: Library) -> KeptComparison | None:
    """The comparison that was kept; None where there is none. Raises ModelsimError where this version cannot use it."""
    try:
        with np.load(file, allow_pickle=False) as arrays:
            document = json.loads(arrays["document"].tobytes(), object_hook=_whole)
            if document["version"] != _VERSION:
                raise ModelsimError("the last tree was made by another version of this program", None, _ANEW)
            return _read(document, arrays, library)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        log.warning("the comparison kept in %s cannot be used: %s", file, error)
        raise ModelsimError("the last tree cannot be read from the disk any more", file, _ANEW) from error


def since(kept: KeptComparison, there: Iterable[Path]) -> Since:
    """What has happened since; `there` are the readable checkpoints as they are listed now. No file is opened."""
    models = [model for model in kept.comparison.models if model.opener is None]
    changed, gone = [], []
    for model in models:
        now = _key_now(model.path)
        if now != model.key:
            (gone if now is None else changed).append(model.name)
    bad = {path for path, key in kept.unreadable.items() if key is not None and _key_now(path) == key}
    known = {model.path for model in models} | bad
    new = sum(path not in known for path in there)
    return Since(kept.made, tuple(changed), tuple(gone), new)


def _halves(value: Any) -> Any:  # noqa: ANN401 - what JSON takes, and sentences
    """The same with both halves of every Sentence, of which JSON would keep one."""
    if isinstance(value, Sentence):
        return {_COMMAND: str.__str__(value), _PAGE: value.page}
    if isinstance(value, dict):
        return {name: _halves(each) for name, each in value.items()}
    return [_halves(each) for each in value] if isinstance(value, (list, tuple)) else value


def _whole(found: dict[str, Any]) -> Any:  # noqa: ANN401 - as above
    return Sentence(found[_COMMAND], found[_PAGE]) if found.keys() == {_COMMAND, _PAGE} else found


def _key_now(path: Path) -> FileKey | None:
    """None where there is no such file."""
    try:
        return file_key(path)
    except CheckpointError:
        return None


def _key_document(key: FileKey | None) -> list[str | int] | None:
    return None if key is None else [key.path, key.size, key.mtime_ns]


def _model_document(model: Model) -> dict[str, Any]:
    header = replace(model.header, metadata={})  # which may be long, and draws no tree
    return {
        "name": model.name,
        "path": str(model.path),
        "key": _key_document(model.key),
        "header": header.to_json(),
        "layout": model.header.layout.digest,
    }


def _read(document: Mapping[str, Any], arrays: Mapping[str, NDArray], library: Library) -> KeptComparison:
    layouts = {digest: Layout.from_json(text) for digest, text in document["layouts"].items()}
    models = [_model(known, layouts, library) for known in document["models"]]
    about = document["matrix"]
    components, apart = (
        {name: arrays[f"{part}/{i}"] for i, name in enumerate(about[part])} for part in ("components", "apart")
    )
    matrix = SimilarityMatrix(
        about["measure"],
        tuple(about["models"]),
        tuple(about["blocks"]),
        arrays["values"],
        arrays["overall"],
        components,
        arrays.get("coverage"),
        apart,
    )
    comparison = Comparison(
        models,
        matrix,
        _base(document["base"]),
        [Reason(**reason) for reason in document["reasons"]],
        [Unreadable(Path(bad["path"]), bad["error"]) for bad in document["unreadable"]],
        {name: Choice(**{**choice, "base": _base(choice["base"])}) for name, choice in document["choices"].items()},
        [Merge(**{**merge, "parents": tuple(merge["parents"])}) for merge in document["merges"]],
        [Rounding(**{**rounding, "besides": tuple(rounding["besides"])}) for rounding in document["roundings"]],
    )
    keys = {Path(bad["path"]): bad["key"] and FileKey(*bad["key"]) for bad in document["unreadable"]}
    return KeptComparison(comparison, datetime.fromisoformat(document["made"]), document["question"], keys)


def _model(known: Mapping[str, Any], layouts: Mapping[str, Layout], library: Library) -> Model:
    key = FileKey(*known["key"])
    remembered = library.file(key, HEADER_VERSION)
    header = Header.from_json(known["header"], layouts[known["layout"]])
    return Model(known["name"], Path(known["path"]), key, remembered.model if remembered else -1, header)


def _base(document: Mapping[str, Any] | None) -> Base | None:
    return None if document is None else Base(**document)
