"""The readers: one file for each program that writes records. None knows where in a file a text lies."""
