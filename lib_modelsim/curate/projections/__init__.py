"""Vectors in two dimensions: the ways to make a map of pictures, one file each."""
