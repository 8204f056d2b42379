"""A folder of pictures in; scores, the best ones, what works and what fails, and duplicates out."""
