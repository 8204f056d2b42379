"""Names of files and folders that every system accepts."""

from __future__ import annotations

import re

_CHARACTERS, _BYTES = 80, 150
"""The longest name: three of them and a user's folder stay below Windows' 260 characters, and one with a seed, an
identity and an ending below the 255 bytes of the others."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]')
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$| )")
"""Windows' devices, with or without an ending (Microsoft, "Naming Files, Paths, and Namespaces")."""


def file_name(name: str) -> str:
    """A name made fit for a file: the same where it is fit already, never empty, never hidden, cut where it is long.
    Different names may give the same one."""
    cut = _FORBIDDEN.sub("_", name)[:_CHARACTERS].encode()[:_BYTES].decode(errors="ignore")
    fit = _RESERVED.sub(r"\1_", cut.strip(" ")).rstrip(" .")
    if fit.startswith("."):
        fit = "_" + fit[1:]
    return fit or "_"
