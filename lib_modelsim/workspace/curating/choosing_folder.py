"""Which folders of pictures a person is offered, and whether one that was typed may be looked into."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...errors import ModelsimError
from ...hosts.host import Host
from ...reading import typed_folder

PROBES = "probes"
"""What the page calls the gallery that modelsim generates into."""


@dataclass(frozen=True)
class Offered:
    """A folder to choose: what people call it, and where it is."""

    name: str
    folder: Path


def offered_folders(host: Host, gallery: Path) -> list[Offered]:
    """Our own gallery, then the folders into which the host saves; those that are there."""
    places = [Offered(PROBES, gallery), *(Offered(each.name, each.folder) for each in host.outputs())]
    return [each for each in places if each.folder.is_dir()]


def folder_to_look_into(typed: str, host: Host, gallery: Path) -> Path:
    """The folder that a person typed, or chose from those offered. Raises ModelsimError that says what is wrong with
    it, also where the host lets the page name no folder."""
    folder = Path(os.path.normpath(typed_folder(typed)))
    require_allowed(folder, host, gallery)
    if not os.path.exists(folder):  # noqa: PTH110 - pathlib's raises where a name is too long for the system
        raise ModelsimError("there is no such folder", folder, "check the path, and that its drive is connected")
    if not folder.is_dir():
        raise ModelsimError("this is a file, not a folder", folder, f"choose the folder that it is in: {folder.parent}")
    try:
        with os.scandir(folder):
            pass
    except OSError as error:
        fix = "choose a folder that you may read"
        raise ModelsimError(f"this folder cannot be opened ({error.strerror or error})", folder, fix) from error
    return folder


def require_allowed(folder: Path, host: Host, gallery: Path) -> None:
    """Raises ModelsimError where the host lets the page name no folders, and this one lies in none of those that it
    offers; links are followed, as they lead anywhere."""
    refused = host.cannot.get("folders")
    if refused is None:
        return
    offered = [gallery, *(each.folder for each in host.outputs())]
    if not any(folder.resolve().is_relative_to(each.resolve()) for each in offered):
        raise ModelsimError("this folder may not be looked into", folder, refused)
