"""The list of checkpoints that are the same, to print, to copy, or to take away as a file."""

from __future__ import annotations

from pathlib import Path

from ...exports.made import made_by
from ...text import printable, readable, size_text
from ...writing import write_csv, write_text
from .checkpoint_copies import CheckpointCopies


def listed(found: CheckpointCopies) -> list[str]:
    """The list in lines of text: what there is in all, the groups, links, and what nothing was said of."""
    lines = [found.told, *found.remarks]
    for group in found.groups:
        size = f", could free {group.space}" if group.space else ""
        lines += ["", f"{group.kind}{size}:"]
        for member in group.members:
            also = [each.told for each in member.also_at]
            told = "; ".join([member.told, *also, *member.remarks])
            lines.append(f"  {readable(member.path)} ({size_text(member.size)}): {told}")
    if found.linked:
        lines += ["", "one file by several paths, which a link frees nothing of:"]
        lines += [f"  {readable(each.path)}: {'; '.join(also.told for also in each.also_at)}" for each in found.linked]
    if found.not_hashed:
        lines += ["", "not hashed, so nothing is said of their weights:", *(f"  {name}" for name in found.not_hashed)]
    bad = [(readable(each.path), each.error) for each in found.unreadable]
    lines += ["", "not read, so nothing is said of them:", *(f"  {path}: {why}" for path, why in bad)] if bad else []
    return lines


def write_list(found: CheckpointCopies, file: Path) -> Path:
    """The list as a text, or for a spreadsheet where the file's name ends in .csv. Raises ModelsimError where the disk
    refuses."""
    if file.suffix.lower() != ".csv":
        return write_text(file, "".join(f"{printable(line)}\n" for line in [*listed(found), "", made_by()]))
    header = ("group", "kind", "name", "path", "bytes", "frees", "what")
    rows = [
        (number, group.kind, member.name, readable(member.path), member.size, member.frees, member.told)
        for number, group in enumerate(found.groups, 1)
        for member in group.members
    ]
    return write_csv(file, rows, header)
