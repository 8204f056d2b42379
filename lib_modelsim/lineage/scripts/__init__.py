"""What repeats a merge in another program, one file a program."""
