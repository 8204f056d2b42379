"""The pictures of any folder, with the prompt, model and seed that their records tell.

Nothing is ever written into a folder that is not ours: what is found out of its pictures lies in our data folder.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from ...curate.collection import UNKNOWN, Collected, Collection
from ...errors import ModelsimError
from ...job import Job, Stage
from ...pictures.features import FeatureStore
from ...pictures.folders import pictures_under
from ...pictures.records.form import Named, plain
from ...pictures.records.infotext import parse
from ...pictures.records.reading import read_records
from ...probes.gallery import INDEX, Gallery
from ...probes.naming import file_name
from ...probes.one_model import one_key
from ...text import readable

_RECORD = "what a record tells 1"
"""The number grows when more is read, or it is read otherwise."""

_TOGETHER = 64
"""Records that are read between two commits."""


def is_gallery(folder: Path) -> bool:
    """Whether this is a folder of probes, which our own index knows."""
    return (folder / INDEX).is_file()


def feature_store(folder: Path, data: Path) -> FeatureStore:
    """Where the features of a folder's pictures are kept: beside the index of one of our galleries; of any other folder
    in `data`, the folder of our own. Raises ModelsimError where there is no such folder, or the file cannot be used."""
    if not folder.is_dir():
        raise ModelsimError("there is no such folder", folder, "give a folder with pictures")
    if is_gallery(folder):
        return FeatureStore(folder)
    place = str(folder.resolve()).encode("utf-8", "surrogatepass")
    file = data / "folders" / f"{file_name(folder.resolve().name)} {hashlib.sha256(place).hexdigest()[:12]}.sqlite"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelsimError("cannot write into this folder", file.parent, "free some disk space") from error
    return FeatureStore(folder, file)


def collect(folder: Path, store: FeatureStore, job: Job) -> Collection:
    """The pictures of one of our galleries, but for black ones, or of any folder at any depth.

    Raises ModelsimError where there is no picture in it, Cancelled within one picture.
    """
    found = _of_gallery(folder, store, job) if is_gallery(folder) else _of_folder(folder, store, job)
    if not found.pictures and not found.unreadable:
        raise ModelsimError("there are no pictures in this folder", folder, "give one with .png, .jpg or .webp files")
    return found


def _of_gallery(folder: Path, store: FeatureStore, job: Job) -> Collection:
    with Gallery(folder) as gallery:
        gallery.take_in()
        stored = [each for each in gallery.pictures() if not each.record.black]
    seen = store.contents([each.path for each in stored], job)
    called = {each.record.checkpoint: each.record.checkpoint_name for each in stored}
    model = one_key(called)
    pictures = tuple(
        Collected(
            each.path,
            seen.contents[each.path],
            each.record.drawn_with.prompt,
            called[model[each.record.checkpoint]],
            model[each.record.checkpoint],
            each.record.suite,
            each.record.seed,
        )
        for each in stored
        if each.path in seen.contents
    )
    return Collection(folder, pictures, seen.unreadable)


def _of_folder(folder: Path, store: FeatureStore, job: Job) -> Collection:
    paths, nameless = [], {}
    for path in pictures_under(folder):
        try:
            str(path).encode()
            paths.append(path)
        except UnicodeEncodeError:  # bytes of another time's encoding: no file that remembers takes them
            nameless[path] = f"{readable(path.name)} was left out: its name is not readable. Fix: rename it"
    seen = store.contents(paths, job)
    told = _told(seen.contents, store, job)
    collected = [(path, content, told[content]) for path, content in seen.contents.items()]
    models = _models([each for *_, each in collected])
    pictures = tuple(
        Collected(path, content, each.prompt, *models[each.model, each.hash], seed=each.seed)
        for path, content, each in sorted(collected, key=lambda item: item[0])
    )
    return Collection(folder, pictures, {**nameless, **seen.unreadable})


@dataclass(frozen=True)
class _Told:
    """What a picture's records tell; `hash` is its model's first one."""

    prompt: str = ""
    model: str = ""
    hash: str = ""
    seed: int = UNKNOWN


def _told(contents: dict[Path, str], store: FeatureStore, job: Job) -> dict[str, _Told]:
    """Content → what its records tell; read once of each content."""
    known = {content: _Told(**json.loads(data)) for content, data in store.kept(_RECORD).items()}
    new = list({content: path for path, content in contents.items() if content not in known}.items())
    stage = Stage(job, "reading what pictures tell of themselves", len(new), "pictures")
    with ThreadPoolExecutor() as readers:
        for start in range(0, len(new), _TOGETHER):
            part = new[start : start + _TOGETHER]
            read = dict(zip(dict(part), readers.map(_read, dict(part).values()), strict=True))
            store.keep((content, _RECORD, json.dumps(asdict(each)).encode()) for content, each in read.items())
            known |= read
            stage.advance(len(part))
    return known


def _read(path: Path) -> _Told:
    records = read_records(path)
    drew = next((model for record in records.records for model in record.checkpoints), Named(""))
    seed = parse(records.drawable.infotext).settings.get("Seed", "") if records.drawable else ""
    return _Told(
        records.prompt or "",
        drew.name,
        next((each for each in drew.hashes if ":" not in each), ""),
        int(seed) if seed.isascii() and seed.isdigit() else UNKNOWN,
    )


def _models(told: Sequence[_Told]) -> dict[tuple[str, str], tuple[str, str]]:
    """(name, hash) → the model as a person reads it, and its key. Of files of one name and several hashes each is a
    model of its own; a picture that tells no hash is then one of the name alone."""
    hashes = defaultdict(set)
    for each in told:
        hashes[plain(each.model)].add(each.hash[:10])
    found = {}
    for each in dict.fromkeys(told):
        several = len(hashes[plain(each.model)] - {""}) > 1 or not each.model
        digits = each.hash[:10] if several else ""
        shown = " ".join(filter(None, (each.model, f"[{digits}]" if digits else "")))
        found[each.model, each.hash] = shown, f"{plain(each.model)} {digits}".strip()
    return found
