"""A picture → its record, vectors, words."""
