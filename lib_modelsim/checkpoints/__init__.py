"""A file on disk → named tensors, read lazily, nothing in it executed.

`reader.open_checkpoint` is the door. Nothing here imports torch but `values.py`, so that listing a folder
costs no more than its headers.
"""
