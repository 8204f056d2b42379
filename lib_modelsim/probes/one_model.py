"""Keys of a gallery's pictures that mean one model: pictures from before its SHA-256 was known, and from after."""

from __future__ import annotations

import re
from collections.abc import Mapping

_BY_NAME = "name:"
_WITH_HASH = re.compile(r"(.*?)\s*\[([0-9a-f]{8,64})\]", re.IGNORECASE | re.DOTALL)
"""As the WebUI's titles and our folders have it: "name [hash]"."""


def one_key(names: Mapping[str, str]) -> dict[str, str]:
    """Key → the key of its model, for all keys of `names` (key → the model's name).

    A key by name is that of the one SHA-256 whose model has this name, or begins with the hash in it. Where two files
    had the name nobody knows which, and the keys stay apart.
    """
    hashed = {key: name.lower() for key, name in names.items() if not key.startswith(_BY_NAME)}
    by_name = sorted(key for key in names if key.startswith(_BY_NAME))
    found = {key: key for key in names}
    for key in by_name:
        name, digits = _parts(key.removeprefix(_BY_NAME))
        meant = [each for each, called in hashed.items() if (each.startswith(digits) if digits else called == name)]
        if len(meant) == 1:
            found[key] = meant[0]
        elif not meant:  # letters of another size, as a folder's name has them
            same = (other for other in by_name if _parts(other.removeprefix(_BY_NAME)) == (name, digits))
            found[key] = next(same, key)
    return found


def _parts(name: str) -> tuple[str, str]:
    """Name in lower case, and the digits of the hash in it."""
    found = _WITH_HASH.fullmatch(name.strip())
    return (found[1].lower(), found[2].lower()) if found else (name.strip().lower(), "")
