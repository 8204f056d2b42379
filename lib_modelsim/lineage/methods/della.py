"""DELLA: DARE whose masks keep large numbers more often than small ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..values import KeyValues
from .dare import RANKS, fitted, quick
from .method import Method, MethodFit


def fit(sample: Sequence[KeyValues], parents: Mapping[str, str]) -> MethodFit | None:
    """Masks that keep the largest number of a row by ε more often than the mean, and are no cut by size."""
    return fitted(sample, parents, METHOD.name, (RANKS, 0.5))


METHOD = Method(
    "della",
    ("A", "B", "C"),
    "C + (1 − α) mask (A − C) + α mask (B − C), masks 0 with probability p on the mean, p + ε for the smallest "
    "number of a row to p − ε for the largest, what is left scaled to the same absolute sum in each weight",
    "mergekit a6e4028 sparsify.py della_magprune (arXiv 2406.11617); sd-mecha 1.1.5 ties.py find_della_dropout ranks "
    "whole weights",
    quick,
    fit,
    symmetric=True,
)
