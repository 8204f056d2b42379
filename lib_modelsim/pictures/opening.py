"""Any file that a person drops → an RGB picture of eight bits, or one line that says why not.

The only place that opens a picture file, whatever for. Pillow tells a format by a file's content, not by its name, and
would hand an EPS named `x.png` to Ghostscript: only raster formats that Pillow decodes itself are tried.
"""

from __future__ import annotations

import errno
import io
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError
from PIL import __version__ as pillow

from ..errors import ModelsimError, no_memory
from ..reading import require_file

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What people keep generated pictures in. Pillow's other formats are never tried: they start programs (EPS), are
rendered by the system (WMF, EMF), call plug-ins (BUFR, GRIB, HDF5), or are read by code that hardly anybody uses."""

LARGEST = 128 * 1024 * 1024
"""Pixels. 100 megapixels are opened; what decodes to several gigabytes is not."""

_LONGEST_SIDE = 1 << 16
"""Pixels of a side beyond which it is no picture: JPEG ends here, and a damaged file may say anything."""

LONGEST = 2048
"""Pixels of the longer side of what is handed on: more than any of our measures looks at."""

_STRIP = 1 << 22
"""Pixels of a large picture that are converted at once: a second copy of the whole would double what it takes."""

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientation → what puts the picture upright."""

_IMAGES = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIF", b"msf1": "HEIF"}
"""ISO brands of pictures."""


class PictureError(ModelsimError):
    """A file that cannot be taken as one picture."""


class TooManyPixelsError(PictureError):
    """A picture that is not decoded, because it would take too much memory."""


def open_picture(source: Path | bytes | Image.Image, name: str = "the picture") -> Image.Image:
    """One upright RGB picture, no side longer than `LONGEST`; transparency lies on white.

    Of a picture that moves it is the first frame (see `moves`). `source` is a file, a file's bytes, or a picture that
    somebody has opened already; errors call the last two `name`. Raises PictureError for what is no picture, is cut
    short, is too large or has no known kind of pixels.
    """
    if isinstance(source, Image.Image):
        with _told(name):
            return _decoded(source, name)
    with opened(source, name) as picture:
        return decoded_small(picture, shown_as(source, name))


def decoded_small(picture: Image.Image, shown: str) -> Image.Image:
    """As `open_picture`, of what `opened` gives; errors call it `shown`."""
    with _told(shown):
        picture.draft(None, (LONGEST, LONGEST))  # JPEG: decoded at an eighth to a half where that is enough
        return _decoded(picture, shown)


def moves(picture: Image.Image) -> bool:
    """Whether it has more frames or pages than the one that is looked at. An MPO is a camera's JPEG with a preview."""
    if picture.format == "MPO":
        return False
    try:
        return bool(getattr(picture, "is_animated", False))
    except Exception:  # noqa: BLE001 - a second frame that is broken; the first is told on by itself
        return True


def shown_as(source: Path | bytes, name: str) -> str:
    """What an error calls it."""
    return source.name if isinstance(source, Path) else name


@contextmanager
def opened(source: Path | bytes, name: str = "the picture") -> Iterator[Image.Image]:
    """The picture as it is in its file, for its texts, its size or a preview; its pixels are not decoded yet.

    Raises PictureError for what is no picture, and for whatever Pillow raises while the picture is used.
    """
    shown = shown_as(source, name)
    with _told(shown), _opened(source, shown) as picture:
        yield picture


def said_by(error: Exception) -> str:
    """What an error says, or what it is where it says nothing."""
    return str(error) or type(error).__name__


@contextmanager
def _told(shown: str) -> Iterator[None]:
    """What goes wrong in a hostile or damaged file as a PictureError: Pillow's readers raise nearly anything."""
    try:
        with _strictly:
            yield
    except ModelsimError:
        raise
    except Exception as error:
        if no_memory(error) is not None:
            fix = "close other programs, or scale the picture down"
            raise PictureError(f"{shown} needs more memory than there is", None, fix) from error
        raise PictureError(
            f"{shown} is damaged or incomplete", said_by(error), "open it in an image viewer and save it again"
        ) from error


class _Strictly:
    """A picture that is cut short is an error, also where a program has told Pillow to fill the rest with grey; of
    large pictures and odd parts nobody is warned. Both are settings of the whole process: the last of the threads that
    are within gives them back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._within = 0
        self._fills = False
        self._warnings = warnings.catch_warnings()

    def __enter__(self) -> None:
        with self._lock:
            if not self._within:
                self._fills = ImageFile.LOAD_TRUNCATED_IMAGES
                self._warnings = warnings.catch_warnings()
                self._warnings.__enter__()
                warnings.simplefilter("ignore")
            self._within += 1
            ImageFile.LOAD_TRUNCATED_IMAGES = False

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._within -= 1
            if not self._within:
                ImageFile.LOAD_TRUNCATED_IMAGES = self._fills
                self._warnings.__exit__(None, None, None)


_strictly = _Strictly()


def _opened(source: Path | bytes, shown: str) -> Image.Image:
    try:
        file = io.BytesIO(source) if isinstance(source, bytes) else regular_file(source)
        return Image.open(file, formats=_formats())
    except UnidentifiedImageError as error:
        raise _not_a_picture(source, shown) from error
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError(
            f"{shown} has too many pixels", error, f"scale it below {LARGEST // 10**6} megapixels"
        ) from error
    except OSError as error:
        if error.strerror is None:  # Pillow's, of the content
            raise
        raise PictureError(f"{shown} cannot be read", error.strerror, "check the file and its path") from error


def regular_file(path: Path) -> Path:
    """The path of a file that can be read from any place. Raises OSError for a FIFO, a device, a socket, a folder, also
    for what a shell hands over in the place of a file: Pillow goes back and forth in it."""
    if not stat.S_ISREG(require_file(path).stat().st_mode):
        raise OSError(errno.EINVAL, "this is not a regular file", str(path))
    return path


def _formats() -> list[str]:
    """Those of `FORMATS` that this Pillow has."""
    with suppress(ImportError):
        import pillow_avif  # noqa: F401 - it brings AVIF to Pillow before 11.3; the WebUI has it
    Image.init()
    return [each for each in FORMATS if each in Image.OPEN]


def _not_a_picture(source: Path | bytes, shown: str) -> PictureError:
    start = source[:16] if isinstance(source, bytes) else _start(source)
    kind = _IMAGES.get(start[8:12]) if start[4:8] == b"ftyp" else None
    kind = "JPEG XL" if start[4:12] == b"JXL \r\n\x87\n" or start[:2] == b"\xff\n" else kind
    if kind == "AVIF" and kind not in _formats():
        fix = "install Pillow 11.3 or the package pillow-avif-plugin, or save it as PNG"
        return PictureError(f"{shown} is an AVIF picture, which Pillow {pillow} cannot open", fix=fix)
    if kind not in (None, "AVIF"):
        return PictureError(f"{shown} is a {kind} picture, which cannot be opened here", fix="save it as PNG")
    return PictureError(f"{shown} is not a picture", fix="give a PNG, JPEG, WebP, AVIF, GIF, BMP or TIFF file")


def _start(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(16)


def _decoded(picture: Image.Image, shown: str) -> Image.Image:
    width, height = picture.size
    if width * height > LARGEST or max(width, height) > _LONGEST_SIDE:
        raise TooManyPixelsError(
            f"{shown} has too many pixels", f"{width} × {height}", f"scale it below {LARGEST // 10**6} megapixels"
        )
    if picture.mode == "F":
        raise PictureError(f"{shown} has floating-point pixels", fix="save it with 8 or 16 bits")
    picture.load()
    factor = -(-max(picture.size) // LONGEST)
    return _upright(_rgb(picture) if factor == 1 else _reduced(picture, factor), picture)


def _reduced(picture: Image.Image, factor: int) -> Image.Image:
    """RGB, smaller by a whole factor; strip by strip, for the sake of memory, where Pillow would copy the whole."""
    if picture.mode in ("RGB", "L") and "transparency" not in picture.info:
        return _rgb(picture.reduce(factor))
    width, height = picture.size
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    rows = max(1, _STRIP // width // factor) * factor
    for top in range(0, height, rows):
        strip = picture.crop((0, top, width, min(height, top + rows)))
        strip = _rgb(strip.reduce(factor)) if strip.mode in ("RGBA", "LA") else _rgb(strip).reduce(factor)
        small.paste(strip, (0, top // factor))
    return small


def _upright(small: Image.Image, picture: Image.Image) -> Image.Image:
    """Turned as the picture's EXIF says; left as it is where that is damaged, which is told with its texts."""
    try:
        turn = _UPRIGHT.get(picture.getexif().get(_ORIENTATION))
    except Exception:  # noqa: BLE001 - what Pillow meets in hostile EXIF
        turn = None
    return small if turn is None else small.transpose(turn)


def _rgb(picture: Image.Image) -> Image.Image:
    """Any mode → RGB. Pillow's own conversion of 16 bits cuts off instead of scaling."""
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture) // 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        ground = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")
