"""modelsim: which checkpoints are copies, which are relatives, and in which blocks they differ."""

__version__ = "0.1.0"
