"""Ways to merge: one file each, with the formula, its source and its parameters."""
