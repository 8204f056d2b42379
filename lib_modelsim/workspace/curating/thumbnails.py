"""Small copies of pictures for the page: WebP files by content in the host's data folder, which every host serves.

The page may show pictures of any folder, and no host serves any folder. The copies take bounded space: those that were
asked for longest ago are removed when there is too much.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from threading import Lock

from PIL import Image

from ...errors import ModelsimError
from ...job import Job, Stage
from ...pictures.opening import PictureError, open_picture
from ...reading import require_file
from ...writing import write_bytes

SMALL, LARGE = 192, 1024
"""Pixels of the longer side: in a gallery and under the pointer; beside what is known of one picture."""

MOST = {SMALL: 1 << 30, LARGE: 1 << 29}
"""Bytes that the copies of one size may take: about 100,000 small ones, 8,000 large ones."""

_QUALITY = {SMALL: 76, LARGE: 84}
_KEPT_FRESH = 24 * 3600
"""Seconds after which a copy that is asked for counts as new again."""

_LEFT_OVER = 3600
"""Seconds after which an unfinished file is one of a process that ended."""

_THREADS = 4
_writing = Lock()  # two threads that make the same copy would share one unfinished file


@dataclass(frozen=True)
class _Copy:
    """A file of ours: when it was last asked for, its bytes."""

    asked: float
    size: int
    path: Path


class Thumbnails:
    """The copies in one folder, made on first use. Any thread may ask.

    `most`: size in pixels → bytes that the copies of this size may take.
    """

    def __init__(self, folder: Path, most: Mapping[int, int] = MOST) -> None:
        self.folder, self._most = folder, most
        self._room = dict.fromkeys(most, 0)  # bytes that may be written before the folder is looked through again

    def path(self, content: str, side: int = SMALL) -> Path:
        """Where the copy of a picture is, or would be. `content` is the SHA-256 of the picture's file."""
        return self.folder / str(side) / content[:2] / f"{content}.webp"

    def of(self, content: str, picture: Path, side: int = SMALL) -> Path:
        """The copy of a picture, made where it is missing. Raises PictureError where the file cannot be opened or is
        no longer the one with this content, ModelsimError where the disk refuses."""
        found = self._made(content, picture, side)
        self._remove_oldest(side, {content})
        return found

    def make(
        self, pictures: Iterable[tuple[str, Path]], job: Job, side: int = SMALL, most: int | None = None
    ) -> dict[str, ModelsimError]:
        """Copies of all of these (content, file) that have none; those that cannot be made, with the reason.

        Raises Cancelled as the job says; what is made is kept. `most` is the number of threads.
        """
        wanted = dict(pictures)
        missing = {content: file for content, file in wanted.items() if not self._is_there(self.path(content, side))}
        stage = Stage(job, "making small pictures", len(missing), "pictures")
        refused: dict[str, ModelsimError] = {}

        def one(content: str) -> None:
            job.check()
            try:
                self._made(content, missing[content], side)
            except PictureError as error:
                refused[content] = error
            stage.advance(1)

        with ThreadPoolExecutor(most or min(_THREADS, os.cpu_count() or 1)) as workers:
            futures = [workers.submit(one, content) for content in missing]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                workers.shutdown(wait=False, cancel_futures=True)
                raise
        self._remove_oldest(side, wanted.keys())
        return {content: refused[content] for content in missing if content in refused}

    def _made(self, content: str, picture: Path, side: int) -> Path:
        target = self.path(content, side)
        if not self._is_there(target):
            data = _webp(content, picture, side)
            with _writing:
                write_bytes(target, data)
                self._room[side] -= len(data)
        return target

    @staticmethod
    def _is_there(path: Path) -> bool:
        """Whether there is a copy, which counts as asked for now."""
        try:
            asked, now = path.stat().st_mtime, time.time()
            if now - asked > _KEPT_FRESH:
                os.utime(path, (now, now))
        except OSError:
            return False
        return True

    def _remove_oldest(self, side: int, keep: Collection[str]) -> None:
        """Make room where too much was written since the folder was last looked through. The copies of `keep`, which
        are about to be shown, stay."""
        with _writing:
            if self._room[side] >= 0:
                return
            copies = sorted(_copies(self.folder / str(side)), key=lambda copy: copy.asked)
            room = self._most[side] - sum(copy.size for copy in copies)
            for copy in copies if room < 0 else ():
                if room >= self._most[side] // 8:
                    break
                if copy.path.stem not in keep:
                    with suppress(OSError):  # somebody reads it (Windows), or it has gone already
                        copy.path.unlink()
                        room += copy.size
            self._room[side] = max(room, 0)


def _webp(content: str, picture: Path, side: int) -> bytes:
    try:
        data = require_file(picture).read_bytes()
    except OSError as error:
        raise PictureError(
            f"{picture.name} cannot be read", error.strerror or error, "check the file and its path"
        ) from error
    if hashlib.sha256(data).hexdigest() != content:
        raise PictureError(f"{picture.name} has changed since the folder was read", None, "read the folder again")
    small = open_picture(data, picture.name)
    small.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = BytesIO()
    small.save(buffer, "WEBP", quality=_QUALITY.get(side, 80), method=2)
    return buffer.getvalue()


def _copies(folder: Path) -> Iterator[_Copy]:
    """The copies of one size. What a process that ended left unfinished is removed."""
    for path in folder.glob("*/*"):
        with suppress(OSError):
            about = path.stat()
            if path.suffix == ".webp":
                yield _Copy(about.st_mtime, about.st_size, path)
            elif time.time() - about.st_mtime > _LEFT_OVER:
                path.unlink()
