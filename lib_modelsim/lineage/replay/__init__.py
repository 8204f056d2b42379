"""The formulas of the merge methods, tried on samples of the weights."""
