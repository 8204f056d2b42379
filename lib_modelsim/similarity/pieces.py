"""The same elements of several models' weights: one matrix, or a row of each where their dtypes or places differ."""

from __future__ import annotations

from collections.abc import Sequence

import torch

Piece = torch.Tensor | Sequence[torch.Tensor]
"""A tensor [m, c], or m tensors [c] of whatever dtypes."""


def dtypes_of(values: Piece) -> set[torch.dtype]:
    """The dtypes of the rows."""
    return {values.dtype} if isinstance(values, torch.Tensor) else {value.dtype for value in values}


def exact_dtype(values: Piece) -> torch.dtype:
    """The dtype in which numbers of all rows are themselves."""
    return torch.float64 if torch.float64 in dtypes_of(values) else torch.float32


def cut(values: Piece, first: int, stop: int) -> Piece:
    """Elements [first:stop] of every row."""
    return values[:, first:stop] if isinstance(values, torch.Tensor) else [value[first:stop] for value in values]


def joined(pieces: Sequence[Piece]) -> Piece:
    """The numbers of several pieces of the same rows as one piece."""
    if all(isinstance(piece, torch.Tensor) and piece.dtype == pieces[0].dtype for piece in pieces):
        return torch.cat(pieces, dim=1)
    rows = list(zip(*pieces, strict=True))
    return [torch.cat(row if len(dtypes_of(row)) == 1 else [part.to(exact_dtype(row)) for part in row]) for row in rows]


def every(values: Piece, step: int) -> torch.Tensor:
    """Every so manyth element of every row, as a matrix of float64."""
    if isinstance(values, torch.Tensor):
        return values[:, ::step].to(torch.float64)
    return torch.stack([value[::step].to(torch.float64) for value in values])


def filled(rows: torch.Tensor, values: Piece) -> torch.Tensor:
    """The first columns of `rows` [m, c] with these numbers in them."""
    found = rows[:, : len(values[0])]
    if isinstance(values, torch.Tensor):
        return found.copy_(values)
    for row, value in zip(found, values, strict=True):
        row.copy_(value)
    return found
