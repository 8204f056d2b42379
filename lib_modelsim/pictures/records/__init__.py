"""What a picture says of how it was made: one file for each program that writes records, listed by `registry`."""
