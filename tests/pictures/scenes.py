"""Pictures to look at: a scene of shapes from a number."""

import numpy as np
from PIL import Image, ImageDraw


def scene(number: int, width: int = 192, height: int = 192) -> Image.Image:
    generator = np.random.default_rng([7, number])
    picture = Image.new("RGB", (width, height), tuple(generator.integers(0, 256, 3).tolist()))
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, w, h = generator.uniform(0, 1, 4) * (width, height, width / 2, height / 2)
        pen.ellipse([x - w / 2, y - h / 2, x + w / 2, y + h / 2], fill=tuple(generator.integers(0, 256, 3).tolist()))
    grain = generator.normal(0, 4, (height, width, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + grain, 0, 255).astype(np.uint8))
