"""Which checkpoints there are, and what each is."""
