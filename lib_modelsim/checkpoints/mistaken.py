"""Files that are saved under a checkpoint's name and are something else: what they are, and what to do about it.

A download that asks for a login saves the page that asks; git without LFS saves pointers, and where links cannot be
made, their targets' paths as text.
"""

from __future__ import annotations

import re

from ..errors import CheckpointError
from .source import Source

_HTML = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--.{0,400}?-->\s*)*<(?:!doctype\s+html|html|head|body|script|meta)\b",
    re.DOTALL | re.IGNORECASE,
)
_POINTER = b"version https://git-lfs.github.com/spec/"
_POINTER_SIZE = re.compile(rb"^size (\d{1,20})$", re.MULTILINE)
_LONGEST_LINK = 4096
"""Bytes of a path; systems allow no more."""

_PATH = re.compile(
    r"(?!.*://)(?:\.{0,2}/|\.{0,2}\\|[A-Za-z]:[/\\]|.*\.(?:safetensors|sft|gguf|ckpt|pth?|bin)$)", re.IGNORECASE
)
"""A text that is a path: from here, from the root, or to a checkpoint file."""

_SIGNED_IN = "download it again, signed in where the site asks for it, and check the size"


def refuse_mistaken(start: bytes, source: Source) -> None:
    """Raise CheckpointError that says what the file is, for one whose first bytes are those of something well known
    that is no checkpoint; return for any other."""
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith((b"\xff\xfe<\0", b"\xfe\xff\0<")):
        text = text[2:].replace(b"\0", b"")
    if _HTML.match(text):
        raise CheckpointError("this is a web page (HTML) saved under a checkpoint's name", source.name, _SIGNED_IN)
    if text.startswith(_POINTER):
        size = _POINTER_SIZE.search(text)
        what = "this is a Git LFS pointer, a small text that stands for the file"
        whole = f"{source.name}, which has {int(size[1]):,} bytes" if size else source.name
        raise CheckpointError(what, whole, "run git lfs pull in its folder, or download the file itself")
    if text.startswith(b"{"):
        raise CheckpointError("this is a JSON text, perhaps a site's answer", source.name, _SIGNED_IN)
    if target := _link_target(start, source):
        what = "this is a link that git or an archive saved as a text; it leads to"
        raise CheckpointError(what, target, "use that file, or make the link anew")
    if _is_text(start, source):
        first = text.split(b"\n")[0].strip()[:80].decode("utf-8", "replace")
        raise CheckpointError("this is a text, not a checkpoint; it begins with", first, _SIGNED_IN)
    if start.startswith((b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0")):
        raise CheckpointError("this is a compressed archive, not a checkpoint", source.name, "unpack it")
    if not any(start) and len(start) > 8:
        raise CheckpointError(
            "the file begins with zeros alone: its download did not finish", source.name, "download it again"
        )


def _is_text(start: bytes, source: Source) -> bool:
    """Whether a small file is plain text."""
    if source.size > len(start):
        return False
    try:
        return start.decode("utf-8").replace("\n", "").replace("\r", "").replace("\t", "").isprintable()
    except UnicodeDecodeError:
        return False


def _link_target(start: bytes, source: Source) -> str | None:
    """Where a link leads that was saved as a text: as git writes it, one path in a line, or as Cygwin does."""
    if source.size > min(_LONGEST_LINK, len(start)):
        return None
    cygwin = start.removeprefix(b"!<symlink>")
    try:
        if cygwin != start:
            found = cygwin.decode("utf-16" if cygwin.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8").rstrip("\0")
        else:
            found = start.decode("utf-8")
    except UnicodeDecodeError:
        return None
    path = found.removesuffix("\n")
    if not path or not path.isprintable() or path != path.strip():
        return None
    return path if cygwin != start or _PATH.match(path) else None
