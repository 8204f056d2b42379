"""Names of files and folders that every system takes."""

from __future__ import annotations

import re

_LONGEST = 80
"""Characters of one name: three of them and a user's folder stay below Windows' 260."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]')
_RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$| )")
"""Windows' devices, with or without an ending (Microsoft, "Naming Files, Paths, and Namespaces")."""


def file_name(name: str, longest: int = _LONGEST) -> str:
    """A name made fit for a file: the same where it is fit already, never empty, never hidden, at most `longest`
    characters. Different names may give the same one."""
    fit = _FORBIDDEN.sub("_", name)[:longest]
    fit = _RESERVED.sub(r"\1_", fit.strip(" ")).rstrip(" .")
    if fit.startswith("."):
        fit = "_" + fit[1:]
    return fit or "_"
