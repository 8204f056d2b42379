"""The merge recipes that programs write into a checkpoint's metadata, one file a program."""
