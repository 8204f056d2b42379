"""One picture in, ranked checkpoints out."""
