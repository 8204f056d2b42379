"""Bytes from a source → named tensors, read lazily, nothing in them executed.

`reader.open_checkpoint` is the entry point. Only `values.py` and `memory.py` import torch, so listing a folder costs no
more than its headers.
"""
