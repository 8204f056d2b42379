"""What a checkpoint is made of, by which method, and who descends from whom."""
