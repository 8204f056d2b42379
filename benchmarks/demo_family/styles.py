"""How the pictures are drawn: one function per style, scene → float [128, 128, 3] from 0 to 255 (and beyond)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from .scenes import SIZE, Line, Scene, painted, scene, shrunk

_Y, _X = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)


def flat(shown: Scene, _rng: np.random.Generator) -> np.ndarray:
    return shrunk(painted(shown))


def ink(shown: Scene, _rng: np.random.Generator) -> np.ndarray:
    """Black outlines on paper."""
    paper = np.array((250, 249, 246))
    pen = Line(lambda _: np.array((24, 22, 28)), 2.4)
    return shrunk(painted(_on(shown, paper, lambda _: paper - 14), 2, lambda rgb: paper - 60 * (rgb.mean() < 70), pen))


def water(shown: Scene, rng: np.random.Generator) -> np.ndarray:
    """Soft washes with darker edges, fading at the paper's border."""
    pale = _on(shown, shown.sky * 0.35 + 160, lambda ground: ground * 0.5 + 118)
    wash = shrunk(painted(pale, 2, lambda rgb: rgb * 0.75 + 55).filter(ImageFilter.GaussianBlur(5)))
    down, right = np.gradient(wash.mean(2))
    edge = np.abs(down) + np.abs(right)
    out = wash + 16 * _clouds(rng, 8)[..., None] - np.minimum(edge, 14)[..., None] * 0.8
    border = np.minimum(np.minimum(_X, SIZE - 1 - _X), np.minimum(_Y, SIZE - 1 - _Y)) + 3 * _clouds(rng, 12)
    fade = np.clip((border - 4) / 8, 0, 1)[..., None]
    return out * fade + 250 * (1 - fade)


def pixel(shown: Scene, _rng: np.random.Generator) -> np.ndarray:
    """Large pixels in few colours, outlined."""
    canvas = painted(shown, 1, line=Line(lambda rgb: rgb * 0.45, 3))
    tiny = np.asarray(canvas.resize((SIZE // 4, SIZE // 4), Image.Resampling.NEAREST), np.float32)
    return np.kron(np.round(tiny / 51) * 51, np.ones((4, 4, 1), np.float32))


def neon(shown: Scene, _rng: np.random.Generator) -> np.ndarray:
    """Bright outlines that glow at night."""
    night = _on(shown, np.array((14, 12, 40)), lambda _: np.array((26, 18, 62)))
    canvas = painted(night, 2, lambda rgb: rgb * 0.16 + np.array((6, 4, 20)), Line(lambda rgb: rgb * 0.8 + 50, 2.2))
    return shrunk(canvas) + shrunk(canvas.filter(ImageFilter.GaussianBlur(9))) * 0.8


def sepia(shown: Scene, _rng: np.random.Generator) -> np.ndarray:
    """Hatching in brown ink, crossed in the shadows."""
    tone = shrunk(painted(shown, 2, line=Line(lambda _: np.array((50, 40, 30)), 1.8))).mean(2) / 255
    lines = (np.sin((_X + _Y) * 2 * np.pi / 8) + 1) / 2
    cross = (np.sin((_X - _Y) * 2 * np.pi / 8) + 1) / 2
    strokes = np.clip((0.86 - tone) * 2.4 - lines + 0.25, 0, 1) * 0.85
    strokes = strokes + np.clip((0.5 - tone) * 3 - cross + 0.3, 0, 1) * 0.6
    strokes = np.clip(strokes + (tone < 0.3) * 0.5, 0, 1)[..., None]
    return np.array((240, 224, 190)) * (1 - strokes) + np.array((92, 56, 30)) * strokes


def dots(shown: Scene, _rng: np.random.Generator) -> np.ndarray:
    """Pale discs on a grid."""
    pale = _on(shown, shown.sky * 0.3 + 170, lambda ground: ground * 0.4 + 130)
    tone = shrunk(painted(pale, 2, lambda rgb: rgb * 0.8 + 40))
    cells = tone.reshape(SIZE // 8, 8, SIZE // 8, 8, 3).mean((1, 3))
    colours = np.kron(cells, np.ones((8, 8, 1), np.float32))
    distance = np.hypot(_X % 8 - 3.5, _Y % 8 - 3.5)[..., None]
    inside = np.clip(4.4 - distance, 0, 1)
    return colours * inside * 0.98 + np.array((255, 250, 240)) * (1 - inside)


@dataclass(frozen=True)
class Style:
    """`words` is what captions call it."""

    words: str
    draw: Callable[[Scene, np.random.Generator], np.ndarray]


STYLES = {
    "flat": Style("flat colors", flat),
    "ink": Style("ink drawing", ink),
    "water": Style("watercolor", water),
    "pixel": Style("pixel art", pixel),
    "neon": Style("neon night", neon),
    "sepia": Style("sepia hatching", sepia),
    "dots": Style("pastel dots", dots),
}
BASE_STYLES = tuple(style for style in STYLES if style != "dots")
"""What the base is trained on; the LoRA's dots are new to it."""


def picture(subject: str, colour: str, style: str, rng: np.random.Generator) -> np.ndarray:
    """One picture, uint8 [128, 128, 3]; some 1.6 ms."""
    drawn = STYLES[style].draw(scene(subject, colour, rng), rng)
    return np.clip(drawn, 0, 255).astype(np.uint8)


def _on(shown: Scene, sky: np.ndarray, ground: Callable[[np.ndarray], np.ndarray]) -> Scene:
    """The scene in front of another sky, and on another ground where it has one."""
    return replace(shown, sky=sky, ground=None if shown.ground is None else ground(shown.ground))


def _clouds(rng: np.random.Generator, cells: int) -> np.ndarray:
    """Smooth noise, float32 [128, 128], spread about 1."""
    coarse = Image.fromarray(rng.normal(0, 1, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((SIZE, SIZE), Image.Resampling.BICUBIC))
