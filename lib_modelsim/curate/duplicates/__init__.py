"""Near duplicates: which pictures of one folder, or of two, are one picture, whatever was done to it."""
