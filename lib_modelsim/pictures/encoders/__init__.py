"""What turns pictures into vectors: one file for each kind of encoder, listed by `registry`."""
