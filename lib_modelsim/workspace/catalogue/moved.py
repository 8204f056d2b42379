"""Whether a file that was not seen before is one that is known, under another name or in another place."""

from __future__ import annotations

from pathlib import Path

from ...checkpoints.source import FileKey
from ...checkpoints.trace import Trace, lies_there, trace_of
from ...library import Library
from ...moves import TracedFile

COARSE_NS = 2_000_000_000
"""Drives with FAT keep times to two seconds, so that a file moved there has another one than before."""


def follow(path: Path, key: FileKey, version: str, header: str, digest: str, library: Library) -> bool:
    """Let the library know a new file as the one that it was: True where it knows it now. Else its trace is kept.

    Two files with one size, header and layout are told apart by Trace; see `moves` for what a moved file keeps.
    """
    trace = None if library.path is None else trace_of(path, key)
    if trace is None:
        return False
    candidates = library.alike(key, version, header, digest, trace.sample)
    same = sorted(candidates, key=lambda each: Path(each.key.path).name != path.name)
    for known in same:
        if _is_the_very_file(known, key, trace) and not lies_there(known.key.path, known.key):
            library.rename(known.key, key, trace)
            return True
    for known in same:
        if _may_have_moved(known, key, library):
            library.take_over(known.key, key, trace)
            return True
    library.remember_trace(key, trace)
    return False


def _is_the_very_file(known: TracedFile, key: FileKey, trace: Trace) -> bool:
    return bool(trace.place) and known.trace.place == trace.place and known.key.mtime_ns == key.mtime_ns


def _may_have_moved(known: TracedFile, key: FileKey, library: Library) -> bool:
    """Where any file of this model is still in its place this one is a copy, and is read as one."""
    near = abs(known.key.mtime_ns - key.mtime_ns) < COARSE_NS
    return near and not any(lies_there(each.path, each) for each in library.paths_of(known.model))


def keep_trace(path: Path, key: FileKey, library: Library) -> None:
    """Note how a remembered file can be told again, unless that is noted or nothing lasts."""
    if library.path is None or library.is_traced(key):
        return
    trace = trace_of(path, key)
    if trace is not None:
        library.remember_trace(key, trace)
