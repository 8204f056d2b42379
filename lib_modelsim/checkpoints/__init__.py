"""Bytes from a source → named tensors, read lazily, nothing in them executed.

`reader.open_checkpoint` is the door. Nothing here imports torch but `values.py` and `memory.py`, so that listing a
folder costs no more than its headers.
"""
