"""The use cases, one file each: what a button or a command does."""
