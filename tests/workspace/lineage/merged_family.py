"""A small family with real merges in it, as merge programs write them: in float16, key by key."""

from __future__ import annotations

import numpy as np

from lib_modelsim import demo


def write(folder, shapes=None):
    """`base`, its fine-tunes `anna`, `bert` and `carl`, `mixed` = 0.6 anna + 0.4 bert, `sorted` = 0.8 anna where data
    goes in and 0.3 elsewhere, the rest carl; all float16. The folder."""
    shapes = shapes or demo.sd1_shapes(4, 16, 1)
    base = half(demo.draw(shapes, seed=1))
    anna, bert, carl = (half(demo.train(base, seed=seed, size=0.1)) for seed in (2, 3, 4))
    family = {"base": base, "anna": anna, "bert": bert, "carl": carl}
    family["mixed"] = weighted(anna, bert, lambda key: 0.6)
    family["sorted"] = weighted(anna, carl, lambda key: 0.8 if ".input_blocks." in key else 0.3)
    for name, tensors in family.items():
        demo.save(folder / f"{name}.safetensors", tensors)
    return folder


def half(tensors):
    return {key: np.asarray(value, np.float16) for key, value in tensors.items()}


def weighted(a, b, share):
    """a · share + b · (1 − share), computed in float32."""
    return half({key: share(key) * np.float32(a[key]) + (1 - share(key)) * np.float32(b[key]) for key in a})
