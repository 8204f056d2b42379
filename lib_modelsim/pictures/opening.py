"""Any file that a person drops → an RGB picture of eight bits, or one line that says why not."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import ModelsimError

LARGEST = 128 * 1024 * 1024
"""Pixels. 100 megapixels are opened; what decodes to several gigabytes is not."""

LONGEST = 2048
"""Pixels of the longer side of what is handed on: more than any of our measures looks at."""


class PictureError(ModelsimError):
    """A file that cannot be taken as one picture."""


def open_picture(source: Path | bytes | Image.Image, name: str = "the picture") -> Image.Image:
    """One upright RGB picture, no side longer than `LONGEST`; transparency lies on white.

    `source` is a file, a file's bytes, or a picture that somebody has opened already; errors call the last two `name`.
    Raises PictureError for what is no picture, moves, is cut short, is too large or has no known kind of pixels.
    """
    shown = source.name if isinstance(source, Path) else name
    picture = source if isinstance(source, Image.Image) else _opened(source, shown)
    _refuse_what_is_not_one_picture(picture, shown)
    try:
        if picture is not source:
            picture.draft(None, (LONGEST, LONGEST))  # JPEG: decoded at an eighth to a half where that is enough
        upright = ImageOps.exif_transpose(picture)
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise PictureError(
            f"{shown} is damaged or cut short", error, "open it in a viewer and save it again"
        ) from error
    rgb = _rgb(upright, shown)
    return rgb.reduce(-(-max(rgb.size) // LONGEST)) if max(rgb.size) > LONGEST else rgb


def _opened(source: Path | bytes, shown: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # `LARGEST` is our limit
            return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
    except UnidentifiedImageError as error:
        raise PictureError(f"{shown} is not a picture", fix="give a PNG, JPEG, WebP or another picture file") from error
    except Image.DecompressionBombError as error:
        raise PictureError(
            f"{shown} has too many pixels", error, f"scale it below {LARGEST // 10**6} million"
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        said = getattr(error, "strerror", None) or error  # the system's word without its number
        raise PictureError(f"{shown} cannot be read", said, "check the file and its path") from error


def _refuse_what_is_not_one_picture(picture: Image.Image, shown: str) -> None:
    if picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1:  # an MPO is a camera's JPEG with a preview
        raise PictureError(f"{shown} holds several pictures", f"{picture.n_frames} frames", "save one frame as PNG")
    width, height = picture.size
    if width * height > LARGEST:
        raise PictureError(
            f"{shown} has too many pixels", f"{width} × {height}", f"scale it below {LARGEST // 10**6} million"
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
