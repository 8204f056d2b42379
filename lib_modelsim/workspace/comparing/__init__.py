"""How alike checkpoints are: a measure over all pairs, two in detail, and the numbers in words."""
