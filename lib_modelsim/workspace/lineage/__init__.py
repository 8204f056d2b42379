"""Recipes and lineage of the checkpoints of one library."""
