"""Tensors → numbers per block, for all pairs of models at once."""
