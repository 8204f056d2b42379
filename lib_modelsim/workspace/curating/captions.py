"""The captions of a training folder's duplicates: merged for the picture that is kept, and misfits told. A preview:
they are written only where a person says so, into a folder of their choice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...curate.duplicates.captions import Caption, Fit, Rarity, caption_of, fits, merged
from ...errors import ModelsimError
from ...pictures.folders import pictures_under
from ...writing import write_text
from .duplicates import Duplicates


@dataclass(frozen=True)
class PictureCaption:
    """What stands beside one picture of a group, and whether it goes with the others."""

    picture: Path
    text: str
    fit: Fit


@dataclass(frozen=True)
class GroupCaptions:
    """The captions of a group, that of the picture to keep first; `merged` is what those that fit say together, empty
    where that is undecided. `keep` is None where no picture is better for sure."""

    keep: Path | None
    merged: str
    captions: tuple[PictureCaption, ...]


@dataclass(frozen=True)
class MergedCaptions:
    """`groups` with at least one caption; `misfits` are those that do not fit more than half of the others of the same
    picture, `undecided` those of which as many speak for one as for another; `unreadable`: why of others."""

    folder: Path
    groups: tuple[GroupCaptions, ...]
    unreadable: tuple[str, ...] = ()

    @property
    def misfits(self) -> tuple[Path, ...]:
        """Their pictures."""
        return self._of(Fit.MISFIT)

    @property
    def undecided(self) -> tuple[Path, ...]:
        """Their pictures."""
        return self._of(Fit.UNDECIDED)

    def _of(self, fit: Fit) -> tuple[Path, ...]:
        return tuple(each.picture for group in self.groups for each in group.captions if each.fit is fit)


def merged_captions(found: Duplicates) -> MergedCaptions:
    """The captions of the groups that were found under a folder. All captions of the folder are read: a word that many
    have says little. Copies that no group holds have a say, too, in which one does not fit."""
    captions, unreadable = _captions(found)
    rarity = Rarity(each.text for each in captions.values())
    near = defaultdict(set)
    for pair in found.pairs:
        near[pair.a].add(pair.b)
        near[pair.b].add(pair.a)
    groups = []
    for group in found.groups:
        own = [path for path in group.paths if path in captions]
        if own:
            beyond = sorted({other for path in group.paths for other in near[path]} - set(group.paths))
            voters = own + [path for path in beyond if path in captions]
            fit = dict(zip(voters, fits([captions[path].text for path in voters], rarity), strict=True))
            told = tuple(PictureCaption(path, captions[path].text, fit[path]) for path in own)
            right = [each.text for each in told if each.fit in (Fit.FITS, Fit.ALONE)]
            groups.append(GroupCaptions(group.keep, merged(right), told))
    return MergedCaptions(found.folder, tuple(groups), tuple(unreadable))


def _captions(found: Duplicates) -> tuple[dict[Path, Caption], list[str]]:
    captions, unreadable = {}, []
    paths = {path for folder in (found.folder, *found.against) for path in pictures_under(folder)}
    for path in sorted(paths | {path for group in found.groups for path in group.paths}):
        try:
            caption = caption_of(path)
        except ModelsimError as error:
            unreadable.append(str(error))
        else:
            if caption is not None:
                captions[path] = caption
    return captions, unreadable


def write_captions(captions: MergedCaptions, out: Path) -> Sequence[Path]:
    """Write the merged caption of each group's picture to keep into `out`, by the picture's path below its folder.
    Raises ModelsimError where that would replace a file, before anything is written."""
    if out.resolve().is_relative_to(captions.folder.resolve()):
        raise ModelsimError("this folder holds the pictures", out, "choose one beside it: nothing is changed there")
    texts = {}
    for group in captions.groups:
        if group.keep is not None and group.merged and group.keep.is_relative_to(captions.folder):
            file = out / group.keep.relative_to(captions.folder).with_suffix(".txt")
            texts[file] = f"{group.merged}\n"
    for file, text in texts.items():
        if file.exists() and (not file.is_file() or file.read_bytes() != text.encode("utf-8", "backslashreplace")):
            raise ModelsimError("there is another file of this name", file, "choose an empty folder")
    return [write_text(file, text) for file, text in texts.items()]
