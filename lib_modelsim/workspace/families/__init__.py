"""Trees and classes of checkpoints, and the files that tell of them."""
