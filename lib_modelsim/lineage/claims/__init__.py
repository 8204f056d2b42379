"""What a file says of itself, next to what was found."""
