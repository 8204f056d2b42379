"""A few hands that draw the same subjects, each with lines, grain and colours of its own."""

import numpy as np
from PIL import Image
from scipy import ndimage

from lib_modelsim.identify.examples import Examples
from lib_modelsim.pictures.degrading import degraded
from lib_modelsim.pictures.encoders.builtin import DescriptorEncoder

SUBJECTS = ("a hill and a tree", "a boat on a lake", "two old houses", "a bowl of fruit")
SIDE = 128


def drawn(painter: int, subject: int, number: int, hub: int = 0) -> Image.Image:
    """One picture: the subject sets the shapes, the painter the style, the number lets both stray."""
    style = np.random.default_rng([hub, painter])
    chance = np.random.default_rng([hub, painter, subject, number])
    plan = np.random.default_rng([1, subject])
    grain, angle, pitch, lines = style.uniform(0, 0.08), style.uniform(0, np.pi), style.uniform(0.5, 1.5), 0.15
    blur, tint = style.uniform(0.5, 2.5), style.uniform(0.7, 1.0, 3)
    blobs = plan.normal(size=(SIDE, SIDE)) + 0.5 * chance.normal(size=(SIDE, SIDE))
    shapes = ndimage.gaussian_filter(blobs, 9)
    tones = np.digitize(shapes, np.quantile(shapes, (0.25, 0.5, 0.75))) / 4 + 0.12
    y, x = np.mgrid[:SIDE, :SIDE]
    hatching = lines * np.sin((x * np.cos(angle) + y * np.sin(angle)) * pitch) * (tones < 0.5)
    surface = ndimage.gaussian_filter(tones, blur) + hatching + grain * chance.normal(size=tones.shape)
    pixels = surface[..., None] * tint * chance.uniform(0.9, 1.1, 3)
    return Image.fromarray((255 * np.clip(pixels, 0, 1)).astype(np.uint8))


def gallery(painters: int, hub: int = 0, of_each: int = 1) -> Examples:
    """Every painter's pictures of every subject, as they are and degraded."""
    encoder, views, rows = DescriptorEncoder(), [], []
    for painter in range(painters):
        for subject in range(len(SUBJECTS)):
            for number in range(of_each):
                picture = drawn(painter, subject, number, hub)
                views += [picture, degraded(picture)]
                rows += 2 * [(painter, len(views), SUBJECTS[subject])]
    model, picture_number, prompts = zip(*rows, strict=True)
    names = tuple(f"painter {i}" for i in range(painters))
    return Examples(names, encoder.encode(views), np.array(model), np.array(picture_number), prompts)


def styles(models: int, pictures: int, length: int = 24, apart: float = 1.0, seed: int = 0) -> Examples:
    """Examples without pictures: directions that scatter around one of each model."""
    generator = np.random.default_rng(seed)
    own = apart * np.repeat(generator.standard_normal((models, length)), pictures, 0)
    vectors = own + generator.standard_normal(own.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = np.arange(models * pictures)
    prompts = tuple(f"{SUBJECTS[i % pictures % len(SUBJECTS)]} number {i % pictures}" for i in rows)
    names = tuple(f"model {i}" for i in range(models))
    return Examples(names, vectors.astype(np.float32), rows // pictures, rows, prompts)
