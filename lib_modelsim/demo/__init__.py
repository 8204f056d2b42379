"""The demonstration: a small family of checkpoints that draw; and builders of checkpoints that have learned nothing.

`family` says who is who. Importing this costs no torch.
"""

from __future__ import annotations

from .family import PICTURES, SUITE, write_demo_family
from .files import save, save_diffusers_folder, save_pickle
from .random_weights import Weights, draw, train
from .shapes import sd1_shapes, sd2_shapes, sdxl_shapes

__all__ = [
    "PICTURES",
    "SUITE",
    "Weights",
    "draw",
    "save",
    "save_diffusers_folder",
    "save_pickle",
    "sd1_shapes",
    "sd2_shapes",
    "sdxl_shapes",
    "train",
    "write_demo_family",
]
