"""Weights that are stored as small numbers with scales beside them: one file for each way to store them so."""
