"""Numbers → families: features, distances, trees, classes."""
