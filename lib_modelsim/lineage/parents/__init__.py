"""Which models, with which shares by block."""
