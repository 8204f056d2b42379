"""Whether the name in a record can mean a file: by a file's name as people rewrite it, or by a title at Civitai."""

from __future__ import annotations

import re
from pathlib import Path

from ..pictures.records.form import TITLE, Named, model_name, plain

_CUT = 20


def means(named: Named, file_name: str, path: Path | None = None) -> bool:
    """Whether this may be the file: its name without folder, ending, capitals, spaces and underscores, with its
    folders before it (the WebUI's names until 1.2: "sdxl_anime_dream"), or the name that Civitai gives the file of this
    title and version. The numbers that services give mean no file."""
    name = plain(model_name(file_name))
    if named.alias == TITLE:
        return bool(name) and name in _file_names(named.name, named.version)
    told = "" if named.alias else plain(named.name)
    for folder in ("", *(reversed(path.parts[:-1]) if path is not None and told.endswith(name) else ())):
        name = plain(folder) + name
        if name == told:
            return bool(name)
    return False


def contradict(a: Named, b: Named) -> bool:
    """Whether two names cannot be one file's. A title and a file's name can always be, for all that anybody knows."""
    if a.alias or b.alias:
        titles = [(plain(each.name), _number(each.version)) for each in (a, b) if each.alias == TITLE]
        return len(set(titles)) == 2
    return bool(a.name and b.name) and plain(a.name) != plain(b.name)


def _file_names(title: str, version: str) -> set[str]:
    """What the letters and digits of a file may be that has this title: people put both together; Civitai does, too,
    after it has cut both (its `filenamize` in utils/string-helpers.ts)."""
    number = _number(version)
    versions = (plain(version), number, f"v{number}" if number else "", _filenamed(version))
    titles = (plain(title), plain(re.sub(r"[^\x00-\x7f]", "", title)), _filenamed(title))
    return {each + last for each in titles if each for last in (versions if version else ("",))}


def _number(version: str) -> str:
    """A version without the "v" before it, which some write and others do not."""
    return re.sub(r"^(?:version|ver|v)(?=\d)", "", plain(version))


def _filenamed(text: str) -> str:
    """At most 20 letters and digits, cut between words."""
    text = re.sub(r"[^A-Za-z0-9]", "_", text.replace("'", ""))
    end = _CUT + text.count("_")
    if len(text) > end:
        whole_word = text[end] == "_" or "_" not in text[:end]
        text = text[:end] if whole_word else text[: text.rindex("_", 0, end)]
    return plain(text)
