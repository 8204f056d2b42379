"""Curate: a folder of pictures in; scores, the best ones, a map, clusters and duplicates out."""
