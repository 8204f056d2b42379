"""Any file that a person drops → an RGB picture of eight bits, or one line that says why not.

The only place that opens a picture file, whatever for. Pillow tells a format by a file's content, not by its name, and
would hand an EPS named `x.png` to Ghostscript: only raster formats that Pillow decodes itself are tried.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import ModelsimError
from ..reading import require_file

FORMATS = ("PNG", "JPEG", "MPO", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
"""What people keep generated pictures in. Pillow's other formats are never tried: they start programs (EPS), are
rendered by the system (WMF, EMF), call plug-ins (BUFR, GRIB, HDF5), or are read by code that hardly anybody uses."""

LARGEST = 128 * 1024 * 1024
"""Pixels. 100 megapixels are opened; what decodes to several gigabytes is not."""

LONGEST = 2048
"""Pixels of the longer side of what is handed on: more than any of our measures looks at."""


class PictureError(ModelsimError):
    """A file that cannot be taken as one picture."""


class TooManyPixelsError(PictureError):
    """A picture that is not decoded, because it would take too much memory."""


def open_picture(source: Path | bytes | Image.Image, name: str = "the picture") -> Image.Image:
    """One upright RGB picture, no side longer than `LONGEST`; transparency lies on white.

    `source` is a file, a file's bytes, or a picture that somebody has opened already; errors call the last two `name`.
    Raises PictureError for what is no picture, moves, is cut short, is too large or has no known kind of pixels.
    """
    if isinstance(source, Image.Image):
        return _decoded(source, name)
    with opened(source, name) as picture:
        return decoded_small(picture, source.name if isinstance(source, Path) else name)


def decoded_small(picture: Image.Image, shown: str) -> Image.Image:
    """As `open_picture`, of what `opened` gives; errors call it `shown`."""
    picture.draft(None, (LONGEST, LONGEST))  # JPEG: decoded at an eighth to a half where that is enough
    return _decoded(picture, shown)


def _decoded(picture: Image.Image, shown: str) -> Image.Image:
    _refuse_what_is_not_one_picture(picture, shown)
    try:
        upright = ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise PictureError(
            f"{shown} is damaged or incomplete", error, "open it in an image viewer and save it again"
        ) from error
    rgb = _rgb(upright, shown)
    return rgb.reduce(-(-max(rgb.size) // LONGEST)) if max(rgb.size) > LONGEST else rgb


@contextmanager
def opened(source: Path | bytes, name: str = "the picture") -> Iterator[Image.Image]:
    """The picture as it is in its file, for its texts, its size or a preview; its pixels are not decoded yet.

    Raises PictureError for what is no picture. What goes wrong later, when pixels are decoded, is Pillow's to raise.
    """
    with _opened(source, source.name if isinstance(source, Path) else name) as picture:
        yield picture


def _opened(source: Path | bytes, shown: str) -> Image.Image:
    Image.init()  # FORMATS may hold some that this Pillow does not have
    formats = [each for each in FORMATS if each in Image.OPEN]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # `LARGEST` is our limit
            file = io.BytesIO(source) if isinstance(source, bytes) else require_file(source)
            return Image.open(file, formats=formats)
    except UnidentifiedImageError as error:
        raise PictureError(f"{shown} is not a picture", fix="give a PNG, JPEG, WebP, GIF, BMP or TIFF file") from error
    except Image.DecompressionBombError as error:
        raise TooManyPixelsError(
            f"{shown} has too many pixels", error, f"scale it below {LARGEST // 10**6} megapixels"
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        said = getattr(error, "strerror", None) or error  # the system's word without its number
        raise PictureError(f"{shown} cannot be read", said, "check the file and its path") from error


def _refuse_what_is_not_one_picture(picture: Image.Image, shown: str) -> None:
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:  # an MPO is a camera's JPEG with a preview
        raise PictureError(f"{shown} has more than one frame", picture.n_frames, "save one frame as PNG")
    width, height = picture.size
    if width * height > LARGEST:
        raise TooManyPixelsError(
            f"{shown} has too many pixels", f"{width} × {height}", f"scale it below {LARGEST // 10**6} megapixels"
        )


def _rgb(picture: Image.Image, shown: str) -> Image.Image:
    """Any mode → RGB. Pillow's own conversion of 16 bits and of floating point cuts off instead of scaling."""
    if picture.mode == "F":
        raise PictureError(f"{shown} has floating-point pixels", fix="save it with 8 or 16 bits")
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture) // 257).clip(0, 255).astype(np.uint8)).convert("RGB")
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        ground = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")
